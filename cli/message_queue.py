"""A queue of dead letters: take its messages one by one, each once, and put back what was not settled."""

from __future__ import annotations

from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from botocore.exceptions import BotoCoreError, ClientError

from cli.errors import UnavailableError
from cli.text import one_line

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterator

    from mypy_boto3_sqs.client import SQSClient
    from mypy_boto3_sqs.type_defs import MessageTypeDef

# As long as Lambda's longest invocation. Who kills a run sees what it had taken again after this time.
HIDDEN_SECONDS: Final = 900
MOST_AT_ONCE: Final = 10
# Any wait at all makes SQS ask all its servers, so that an empty answer means an empty queue
# (docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-short-and-long-polling.html).
WAIT_SECONDS: Final = 1


@dataclass(frozen=True, slots=True)
class Counts:
    """About how many messages there are (SQS counts approximately)."""

    waiting: int
    hidden: int
    """Somebody else has taken these."""


class Queue:
    """One SQS queue. Every method raises UnavailableError when SQS cannot be used."""

    def __init__(self, client: SQSClient, url: str) -> None:
        self._client = client
        self._url = url
        self.more = False
        """Whether the last `take` left messages in the queue that it had no more room for."""

    def counts(self) -> Counts:
        """How much there is."""
        with _readable("look at"):
            answer = self._client.get_queue_attributes(
                QueueUrl=self._url,
                AttributeNames=["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"],
            )
        found = answer.get("Attributes", {})
        hidden = found.get("ApproximateNumberOfMessagesNotVisible", "0")
        return Counts(int(found.get("ApproximateNumberOfMessages", "0")), int(hidden))

    def take(self, settle: Callable[[MessageTypeDef], bool], most: int | None) -> Generator[MessageTypeDef]:
        """Hand each message to `settle`, once, and yield it after; where that is true, it is deleted before.

        Ends when the queue is empty or after `most` messages. All others are visible again when this ends, however
        it ends; until then they are hidden, or they would come again and again.
        """
        taken = _Taken(self)
        try:
            while (left := MOST_AT_ONCE if most is None else most - taken.count) > 0:
                batch = self._receive(min(left, MOST_AT_ONCE), hidden_seconds=HIDDEN_SECONDS)
                if not batch:
                    return
                for message in taken.new(batch):
                    if settle(message):
                        taken.delete(message)
                    yield message
            # Asked while those that stay are still hidden: only others answer.
            self.more = bool(self._receive(1, hidden_seconds=0))
        finally:
            self._release(taken.receipts())

    def delete(self, receipt: str) -> None:
        """Take a message out for good."""
        with _readable("delete from"):
            self._client.delete_message(QueueUrl=self._url, ReceiptHandle=receipt)

    def _receive(self, most: int, *, hidden_seconds: int) -> list[MessageTypeDef]:
        with _readable("read"):
            answer = self._client.receive_message(
                QueueUrl=self._url,
                MaxNumberOfMessages=most,
                VisibilityTimeout=hidden_seconds,
                WaitTimeSeconds=WAIT_SECONDS,
                MessageAttributeNames=["All"],
                MessageSystemAttributeNames=["SentTimestamp"],
            )
        return answer.get("Messages", [])

    def _release(self, receipts: list[str]) -> None:
        """Best effort: what cannot be released comes back by itself."""
        for first in range(0, len(receipts), MOST_AT_ONCE):
            batch = receipts[first : first + MOST_AT_ONCE]
            with suppress(ClientError, BotoCoreError):
                self._client.change_message_visibility_batch(
                    QueueUrl=self._url,
                    Entries=[
                        {"Id": str(number), "ReceiptHandle": receipt, "VisibilityTimeout": 0}
                        for number, receipt in enumerate(batch)
                    ],
                )


class _Taken:
    """What this run took. SQS may deliver a message twice, even a deleted one."""

    def __init__(self, queue: Queue) -> None:
        self._queue = queue
        self._receipts: dict[str, str] = {}
        self._deleted: set[str] = set()
        self._handed_out: set[str] = set()

    @property
    def count(self) -> int:
        return len(self._handed_out)

    def new(self, batch: list[MessageTypeDef]) -> Iterator[MessageTypeDef]:
        """Those that were not handed out before. The whole batch is noted first: it has to be released if we stop."""
        self._receipts.update((message["MessageId"], message["ReceiptHandle"]) for message in batch)
        for message in batch:
            if message["MessageId"] in self._deleted:
                self.delete(message)
            elif message["MessageId"] not in self._handed_out:
                self._handed_out.add(message["MessageId"])
                yield message

    def delete(self, message: MessageTypeDef) -> None:
        self._queue.delete(message["ReceiptHandle"])
        self._deleted.add(message["MessageId"])
        self._receipts.pop(message["MessageId"], None)

    def receipts(self) -> list[str]:
        return list(self._receipts.values())


@contextmanager
def _readable(what: str) -> Iterator[None]:
    try:
        yield
    except (ClientError, BotoCoreError) as error:
        raise UnavailableError(f"Cannot {what} the dead-letter queue: {one_line(str(error), 300)}") from error

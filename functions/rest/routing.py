"""How a function answers the routes of its table: one operation for each."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote

from aws_lambda_powertools.event_handler import APIGatewayRestResolver
from aws_lambda_powertools.utilities.data_classes import APIGatewayProxyEvent

from rest.bodies import Refuse, json_object
from rest.parameters import Parameter, values_of
from rest.problems import answer_problems

Errors = tuple[type[Exception], ...]
Reply = tuple[dict[str, object], int]


@dataclass(frozen=True, slots=True)
class Route:
    """One route. `answers` has the name of a document for each status, `errors` all that it may raise.

    `takes_a_key`: it has the header Idempotency-Key.
    """

    operation: str
    method: str
    path: str
    summary: str
    answers: Mapping[int, str]
    errors: Errors
    parameters: tuple[Parameter, ...] = ()
    body: str | None = None
    is_body_needed: bool = True
    takes_a_key: bool = False

    @property
    def rule(self) -> str:
        """The path as Powertools writes it."""
        return self.path.replace("{", "<").replace("}", ">")


@dataclass(frozen=True, slots=True)
class Call:
    """One request to a route: the values of its path and of its query, and its body if the route has one."""

    event: APIGatewayProxyEvent = field(repr=False)
    path: Mapping[str, str]
    query: Mapping[str, Any]  # as the readers of its parameters make it

    def of_path(self, name: str) -> str:
        """Returns a part of the path, decoded: API Gateway and Powertools leave it percent-encoded."""
        return unquote(self.path[name])

    def body(self, example: str, refuse: Refuse) -> Mapping[str, object]:
        """Returns the body, a JSON object. Raises what `refuse` makes for any other body."""
        return json_object(self.event, example, refuse)


Operation = Callable[[Call], Reply]


def serving(routes: Sequence[Route], operations: Mapping[str, Operation]) -> APIGatewayRestResolver:
    """Returns an application that answers these routes, and every error of theirs."""
    app = APIGatewayRestResolver()
    answer_problems(app)
    for route in routes:
        app.route(route.rule, method=route.method)(_answering(app, route, operations[route.operation]))
    return app


def _answering(app: APIGatewayRestResolver, route: Route, operation: Operation) -> Callable[..., Reply]:
    def answer(**path: str) -> Reply:
        event = app.current_event
        return operation(Call(event, path, values_of(route.parameters, event.resolved_query_string_parameters)))

    return answer

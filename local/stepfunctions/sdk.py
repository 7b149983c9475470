"""What the SDK of Step Functions adds to every answer of an integration."""

from __future__ import annotations

import uuid

from local.ecs.model import Json


def sdk_metadata(content_type: str) -> Json:
    """`SdkHttpMetadata` and `SdkResponseMetadata` of one answer, with a request id of its own (fact B19)."""
    request_id = str(uuid.uuid4())
    return {
        "SdkHttpMetadata": {
            "AllHttpHeaders": {"x-amzn-RequestId": [request_id], "Content-Type": [content_type]},
            "HttpHeaders": {"Content-Type": content_type, "x-amzn-RequestId": request_id},
            "HttpStatusCode": 200,
        },
        "SdkResponseMetadata": {"RequestId": request_id},
    }

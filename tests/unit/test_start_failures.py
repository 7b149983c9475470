"""What the texts about failed starts mean (facts B16, B37, B46 and B47, AWS's list of stopped reasons)."""

import pytest

from fargate_runs.outcomes.kinds import ErrorName
from fargate_runs.outcomes.start_failures import Says, lasts, says_of_start, start_error

NOT_FOUND, PULL = ErrorName.IMAGE_NOT_FOUND, ErrorName.IMAGE_PULL_FAILED
SET_UP, PROVISIONING = ErrorName.RESOURCE_INITIALIZATION_FAILED, ErrorName.PROVISIONING_FAILED
CAPACITY, START = ErrorName.CAPACITY_UNAVAILABLE, ErrorName.FAILED_TO_START

RETRIED = "CannotPullContainerError: pull image manifest has been retried 5 time(s): failed to resolve ref "
SECURITY_GROUPS = "Error retrieving security group information for [sg-1]: "
TEXTS: list[tuple[str, ErrorName | None]] = [
    (RETRIED + "docker.io/library/x:1: docker.io/library/x:1: not found", NOT_FOUND),
    (RETRIED + "docker.io/library/x:1: pull access denied, repository does not exist or may require", NOT_FOUND),
    (RETRIED + "ghcr.io/a/b:1: failed to authorize: unexpected status: 403 Forbidden", NOT_FOUND),
    (
        RETRIED + "ghcr.io/a/b:1: unexpected status from HEAD request to https://ghcr.io/v2/: 401 Unauthorized",
        NOT_FOUND,
    ),
    (RETRIED + "docker.io/timeout/timeout:1: not found", NOT_FOUND),
    ("CannotPullContainerError: Error response from daemon: manifest for x:1 not found: manifest unknown", NOT_FOUND),
    ("CannotPullContainerError: invalid reference format", NOT_FOUND),
    ("CannotPullContainerError: image Manifest does not contain descriptor matching platform 'linux/arm64'", NOT_FOUND),
    ("CannotPullContainerError: failed to find a descriptor for platform {linux/amd64}", NOT_FOUND),
    ("CannotPullContainerError: no matching manifest for linux/arm64/v8 in the manifest list entries", NOT_FOUND),
    ('CannotPullContainerError: image operating system "linux" cannot be used on this platform', NOT_FOUND),
    (
        "CannotPullContainerError: a Windows version 10.0.20348-based image is incompatible with a 10.0.17763 host",
        NOT_FOUND,
    ),
    ("CannotPullECRContainerError: AccessDeniedException: is not authorized: denied", NOT_FOUND),
    (RETRIED + "docker.io/a/b:1: failed to do request: Head https://x/y: dial tcp 1.2.3.4:443: i/o timeout", PULL),
    (RETRIED + "docker.io/not found/denied:1: read: connection reset by peer", PULL),
    (RETRIED + "docker.io/denied/forbidden:unauthorized: net/http: TLS handshake timeout", PULL),
    ("CannotPullContainerError: toomanyrequests: You have reached your unauthenticated pull rate limit", PULL),
    ("CannotPullContainerError: ref pull has been retried 5 time(s): unexpected status code: 503 Service", PULL),
    ("CannotPullContainerError: httpReadSeeker: failed open: unexpected status code: 429 Too Many Requests", PULL),
    ("CannotPullContainerError: context canceled", PULL),
    ("CannotPullContainerError: failed to register layer: write /opt/a/b.npy: no space left on device", PULL),
    (RETRIED + "docker.io/a/b:1: failed to extract layer: mount: invalid argument: unknown", PULL),
    (RETRIED + "docker.io/a/b:1: failed to copy: httpReadSeeker: failed open: EOF", PULL),
    (
        "CannotPullContainer: The task can\u2019t pull the image. Check that the role has the permissions to pull",
        NOT_FOUND,
    ),
    (
        "CannotPullContainerError: The task cannot find the image. Check that the image exists in the registry",
        NOT_FOUND,
    ),
    ("CannotPullContainerError: The task cannot pull 'job'. There is a connection issue between the task and", PULL),
    ("CannotPullContainerError: The task can\u2019t pull the image. Check your network configuration", PULL),
    ("CannotPullContainerError: API error (500): Get https://x/v2/: net/http: request canceled while waiting", PULL),
    (
        "CannotPullContainerError: pull command failed: panic: runtime error: invalid memory address or nil pointer",
        PULL,
    ),
    ("CannotPullContainerError: error pulling image configuration: download failed after attempts=6", PULL),
    ("CannotPullContainerError: Could not reach any registry endpoint", PULL),
    ("CannotPullContainerError: API error (404): repository x", NOT_FOUND),
    ("CannotPullContainerError: Tag latest not found in repository docker.io/library/x", NOT_FOUND),
    ("CannotPullImageManifestError: Error response from daemon: no basic auth credentials", NOT_FOUND),
    ("CannotPullContainerError: net/http: request canceled while waiting for connection", PULL),
    ("CannotPullContainerError", PULL),
    ("TaskFailedToStart: CannotPullContainerError: denied", NOT_FOUND),
    ("ResourceInitializationError: unable to pull secrets or registry auth: execution resource retrieval", SET_UP),
    ("ResourceInitializationError: unable to pull secrets or registry auth: context deadline exceeded", SET_UP),
    ("ResourceInitializationError: unable to pull secrets or registry auth: pull command failed: timed out", SET_UP),
    ("ResourceInitializationError: unable to pull secrets: ThrottlingException: Rate exceeded", SET_UP),
    ("ResourceInitializationError: failed to validate logger args: create stream: timed out", SET_UP),
    ("ResourceInitializationError: failed to invoke EFS utils commands to set up EFS volumes: timed out", SET_UP),
    ("ResourceInitializationError: failed to download env files: timed out", SET_UP),
    ("ResourceInitializationError: something new", SET_UP),
    ("ResourceInitializationError: Timeout waiting for network interface provisioning to complete.", PROVISIONING),
    ("ResourceInitializationError: failed to configure ENI: failed to setup regular eni", PROVISIONING),
    ("ResourceInitializationError: Rate limit exceeded while preparing network interface", PROVISIONING),
    ("CannotCreateVolumeError: Get http://plugin: no such file", SET_UP),
    ("Fetching secret data from SSM Parameter Store in us-east-1: invalid parameters", SET_UP),
    ("ResourceNotFoundException: fetching secret data from AWS Secrets Manager in region us-east-1: secret x", SET_UP),
    ("The task can\u2019t pull the secrets from Secrets Manager. Check that the secret exists", SET_UP),
    ("The task cannot pull registry auth from Amazon ECR: There is a connection issue", SET_UP),
    (
        "ResourceNotFoundException: The task can\u2019t retrieve the secret with ARN 'x' from AWS Secrets Manager",
        SET_UP,
    ),
    ("ResourceInitializationError: failed to validate logger args: The task cannot find the Amazon CloudWatch", SET_UP),
    ("Timeout waiting for network interface provisioning to complete.", PROVISIONING),
    ("Timeout waiting for EphemeralStorage provisioning to complete.", PROVISIONING),
    (
        "Unexpected EC2 error while attempting to Create Network Interface: InsufficientFreeAddressesInSubnet",
        PROVISIONING,
    ),
    ("Unexpected EC2 error while attempting to Create Network Interface: RequestLimitExceeded", PROVISIONING),
    ("Unexpected EC2 error while attempting to Create Network Interface: UnauthorizedOperation", START),
    (
        "Unexpected EC2 error while attempting to Create Network Interface in subnet 'subnet-0': AuthFailure",
        PROVISIONING,
    ),
    ("TaskFailedToStart: Unexpected EC2 error while attempting to Create Network Interface: AuthFailure", PROVISIONING),
    ("Unexpected EC2 error while attempting to Create Network Interface: InvalidSubnetID.NotFound", START),
    ("Unexpected EC2 error while attempting to tag the network interface: TagPolicyViolation", START),
    ("Unexpected EC2 error while attempting to attach network interface to instance", PROVISIONING),
    ("network interface provision complete error timeout expired", PROVISIONING),
    (SECURITY_GROUPS + "An internal error has occurred (ErrorCode: InternalError)", PROVISIONING),
    (SECURITY_GROUPS + "The service is unavailable. (ErrorCode: ServiceUnavailable)", PROVISIONING),
    (
        "Error retrieving subnet information for [subnet-1]: The service is unavailable. (ErrorCode: Unavailable)",
        PROVISIONING,
    ),
    (SECURITY_GROUPS + "x.SdkClientException: Unable to execute HTTP request: Connect to ec2 failed", PROVISIONING),
    (SECURITY_GROUPS + "The security group 'sg-1' does not exist (ErrorCode: InvalidGroup.NotFound)", None),
    (SECURITY_GROUPS + "no (ErrorCode: InternalErrorOfOurs)", None),
    ("An internal error has occurred (ErrorCode: InternalError)", None),
    ("Rate limit exceeded while preparing network interface to be attached to instance", PROVISIONING),
    ("ThrottlingException: Rate exceeded", PROVISIONING),
    ("InternalError: Unexpected internal error", PROVISIONING),
    ("TaskFailedToStart: RESOURCE:CPU", CAPACITY),
    ("RESOURCE:MEMORY", CAPACITY),
    ("TaskFailedToStart: EMPTY CAPACITY PROVIDER", CAPACITY),
    ("Capacity is unavailable at this time. Please try again later or in a different availability zone", CAPACITY),
    ("You\u2019ve reached the limit on the number of vCPUs you can run concurrently", CAPACITY),
    ("You've reached the limit on the number of vCPUs you can run concurrently", CAPACITY),
    ("You've reached the limit on the number of Fargate Spot vCPUs you can run concurrently", CAPACITY),
    ("You've reached the limit on the number of services you can run", None),
    ("Tasks provisioning capacity limit exceeded.", CAPACITY),
    ("You've reached the limit on the number of tasks you can run concurrently", CAPACITY),
    (
        "You\u2019ve reached the limit on the number of tasks you can run concurrently. For more information, see",
        CAPACITY,
    ),
    ("TaskFailedToStartError: RESOURCE:GPU", CAPACITY),
    ("Capacity is currently unavailable in this Availability Zone", CAPACITY),
    ("We currently do not have sufficient capacity in the Availability Zone you requested", CAPACITY),
    ("CannotStartContainerError: ResourceInitializationError: failed to create new container runtime task", START),
    ("CannotStartContainerError: Error response from daemon: failed to initialize logging driver: timeout", START),
    ("CannotCreateContainerError: API error (500): devmapper", START),
    ("ContainerRuntimeTimeoutError: Could not transition to running; timed out after waiting 1m: x", START),
    ("DockerTimeoutError: Could not transition to created; timed out after waiting 4m0s", START),
    ("DockerTimeoutError: Could not transition to stopped; timed out after waiting 1m0s", None),
    ("ContainerRuntimeTimeoutError: Could not transition to stopped; timed out after waiting 2m", None),
    ("CannotInspectContainerError: Could not transition to inspecting; timed out after waiting 30s", None),
    ("CannotDescribeContainerError: Error: No such container: 00ff", None),
    ("TaskDependencyError: Task dependencies cannot be resolved, taskArn: arn:aws:ecs:us-east-1:1:task/c/1", None),
    ("CannotStopContainerError: failed sending SIGTERM to container: no such process", None),
    ("ContainerRuntimeError: CannotPullContainerError", START),
    ("SomethingNewError: who knows", START),
    ("OutOfMemoryError: Container killed due to memory usage", None),
    ("TaskFailedToStart: ATTRIBUTE", None),
    ("TaskFailedToStart: AGENT", None),
    ("TaskFailedToStart: MemberOf placement constraint unsatisfied", None),
    ("Task failed to start", None),
    ("Taskfailedtostart", None),
    ("Essential container in task exited", None),
    ("TaskFailedToStart:", None),
    ("a great amount of nothing", None),
    ("", None),
]


@pytest.mark.parametrize(("text", "error"), TEXTS)
def test_start_error(text: str, error: ErrorName | None) -> None:
    assert start_error(text) == error


def test_nothing_said() -> None:
    assert start_error(None) is None


@pytest.mark.parametrize(
    ("text", "never"),
    [
        ("CannotPullContainerError: failed to register layer: write /opt/x: no space left on device", True),
        ("CannotPullContainerError: failed to extract layer: There is not enough space on the disk.", True),
        ("CannotPullContainerError: write /x: disk quota exceeded", True),
        ("CannotPullContainerError: failed to extract layer sha256:1: insufficient storage: ENOSPC", True),
        ("CannotPullContainerError: write /x: ENOSPC", True),
        ("CannotPullContainerError: write /x: EDQUOT", True),
        ("CannotPullContainerError: Insufficient storage on the host", True),
        ("CannotPullContainerError: insufficient disk for the image", True),
        ("CannotPullContainerError: insufficient space in download directory", True),
        ("CannotPullContainerError: not enough free disk space: 2 GiB needed", True),
        ("CannotPullContainerError: not enough storage space", True),
        ("CannotPullContainerError: out of disk space", True),
        ("CannotPullContainerError: database or disk is full", True),
        ("CannotPullContainerError: the volume is full", True),
        ("CannotPullContainerError: filesystem full", True),
        ("CannotPullContainerError: file system is full", True),
        ("CannotPullContainerError: HEAD https://a/v2/b: 507 Insufficient Storage", False),
        ("CannotPullContainerError: HEAD https://a/v2/b: 507 Insufficient Space on Resource", False),
        ("CannotPullContainerError: a/enospc:1: i/o timeout", False),
        ("CannotPullContainerError: a/b:edquot: i/o timeout", False),
        (
            RETRIED + 'a/b:1: not implemented: media type "application/vnd.docker.distribution.manifest.v1+prettyjws"'
            " is no longer supported since containerd v2.1",
            True,
        ),
        ("CannotPullContainerError: unsupported media type application/x", True),
        ("CannotPullContainerError: unsupported manifest media type and no default available", True),
        ("CannotPullContainerError: max depth exceeded", True),
        (
            "CannotPullContainerError: failed to extract layer: application/x+json: no processor for media-type",
            True,
        ),
        ("CannotPullContainerError: write /var/lib/docker/tmp/GetImageBlob1: no space left on de\u2026", True),
        ("CannotPullContainerError: i/o timeout", False),
        ("CannotPullContainerError: toomanyrequests", False),
        ("CannotPullContainerError: x: not found: no space left on device", False),
        ("CannotCreateContainerError: no space left on device", False),
        ("no space left on device", False),
        ("", False),
    ],
)
def test_a_pull_that_another_try_does_not_mend(text: str, never: bool) -> None:
    assert lasts(text) is never


@pytest.mark.parametrize(
    ("reason", "says"),
    [
        ("CannotInspectContainerError: Could not transition to inspecting; timed out after waiting 30s", Says.RAN),
        ("CannotStopContainerError: API error (500): x", Says.RAN),
        ("CannotDescribeContainerError: Error: No such container: 00ff", Says.RAN),
        ("OutOfMemoryError: Container killed due to memory usage", Says.RAN),
        ("DockerTimeoutError: Could not transition to stopped; timed out after waiting 1m0s", Says.RAN),
        ("Could not transition to stopped; timed out after waiting 1m0s", Says.RAN),
        ("ContainerRuntimeTimeoutError: Could not transition to running; timed out after waiting 1m: x", Says.MAYBE),
        ("DockerTimeoutError: Could not transition to started; timed out after waiting 3m0s", Says.MAYBE),
        ("DockerTimeoutError: Could not transition to created; timed out after waiting 4m0s", Says.NOT_YET),
        ("DockerTimeoutError: Could not transition to pulled; timed out after waiting 2h0m0s", Says.NOT_YET),
        ("CannotPullContainerError: not found", Says.NEVER),
        ("CannotPullECRContainerError: denied", Says.NEVER),
        ("CannotCreateContainerError: API error (409): Conflict", Says.NEVER),
        ("CannotStartContainerError: Could not transition to stopped", Says.NEVER),
        ("TaskFailedToStart: ResourceInitializationError: unable to pull secrets", Says.NEVER),
        ("Essential container in task exited", Says.NOTHING),
        ("", Says.NOTHING),
        (None, Says.NOTHING),
    ],
)
def test_what_a_reason_says_of_the_start(reason: str | None, says: Says) -> None:
    assert says_of_start(reason) is says

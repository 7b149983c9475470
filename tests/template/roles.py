"""What roles may do, as the template says."""

from tests.template.loading import Node, Object, branches, resources_of_type


def as_list(value: Node) -> list[Node]:
    return value if isinstance(value, list) else [value]


def policies(template: Object, role: str) -> list[Object]:
    """Those in the role, and those that are attached to it."""
    attached = (each["Properties"] for each in resources_of_type(template, "AWS::IAM::Policy").values())
    listed = [
        *template["Resources"][role]["Properties"].get("Policies", []),
        *(each for each in attached if {"Ref": role} in each["Roles"]),
    ]
    return [found for policy in listed for found in branches(policy)]


def statements(template: Object, role: str) -> list[Object]:
    documents = [policy["PolicyDocument"]["Statement"] for policy in policies(template, role)]
    return [found for listed in documents for statement in listed for found in branches(statement)]


def statements_on(template: Object, role: str, action: str) -> list[Object]:
    return [statement for statement in statements(template, role) if action in as_list(statement["Action"])]

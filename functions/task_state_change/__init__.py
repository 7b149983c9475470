"""The function behind the rule on "ECS Task State Change"."""

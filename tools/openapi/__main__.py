"""`python -m tools.openapi`: write docs/openapi.json."""

from tools.openapi.document import PATH, text

PATH.write_text(text(), encoding="utf-8")

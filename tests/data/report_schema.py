# SPDX-License-Identifier: Apache-2.0
"""As much of JSON Schema as docs/formats/report.schema.json uses, and stricter: every key must be described."""
import json
import pathlib
import re

SCHEMA = pathlib.Path(__file__).resolve().parents[2] / "docs" / "formats" / "report.schema.json"
TYPES = {"object": dict, "array": list, "string": str, "integer": int, "boolean": bool}


class ReportSchema:
    def __init__(self, path=SCHEMA):
        self.root = json.loads(path.read_text(encoding="utf-8"))

    def fault_of(self, value, schema=None, where="report"):
        """The first thing in which value is not as the schema says, or None."""
        schema = self.root if schema is None else schema
        if "$ref" in schema:
            schema = self.root["definitions"][schema["$ref"].rsplit("/", 1)[1]]
        if type(value) is not TYPES[schema["type"]]:
            return f"{where} is no {schema['type']}"
        if "pattern" in schema and not re.fullmatch(schema["pattern"], value):
            return f"{where} is not like {schema['pattern']}: {value}"
        if "minimum" in schema and value < schema["minimum"]:
            return f"{where} is below {schema['minimum']}: {value}"
        for item_schema, item, item_where in self.items_of(value, schema, where):
            fault = f"{item_where} is not described" if item_schema is None else self.fault_of(
                item, item_schema, item_where)
            if fault:
                return fault
        return None

    @staticmethod
    def items_of(value, schema, where):
        if isinstance(value, list):
            for index, item in enumerate(value):
                yield schema["items"], item, f"{where}[{index}]"
        if isinstance(value, dict):
            for key, item in value.items():
                described = schema.get("properties", {}).get(key, schema.get("additionalProperties"))
                yield described, item, f"{where}.{key}"

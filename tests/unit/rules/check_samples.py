#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Holds every rule file of the project to the JSON Schema that is shipped for editors: check_samples.py TOP."""

import json
import pathlib
import sys

import jsonschema
import yaml


class _Loader(yaml.SafeLoader):
    """Scalars as Vigil reads them: a day stays the text that it is."""


_Loader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if tag != "tag:yaml.org,2002:timestamp"]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}


def main() -> int:
    top = pathlib.Path(sys.argv[1])
    schema = json.loads((top / "docs/formats/rules.schema.json").read_text(encoding="utf-8"))
    jsonschema.Draft7Validator.check_schema(schema)
    validator = jsonschema.Draft7Validator(schema)
    files = sorted((top / "config/rules.d").glob("*.yaml*"))
    wrong = 0
    for file in files:
        document = yaml.load(file.read_text(encoding="utf-8"), Loader=_Loader)
        for error in validator.iter_errors(document):
            where = "/".join(str(part) for part in error.absolute_path)
            print(f"{file}: {where}: {error.message}")
            wrong += 1
    print(f"{len(files)} files, {wrong} problems")
    return 1 if wrong or len(files) < 8 else 0


if __name__ == "__main__":
    sys.exit(main())

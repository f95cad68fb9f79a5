"""Python's jsonschema against lorch: checks every schema, and compares its verdict on every document.

    python3 agree.py SCHEMAS CORPUS.ndjson
"""

import json
import pathlib
import sys

from jsonschema import Draft7Validator

MOST_SHOWN = 10


def main(schemas: pathlib.Path, corpus: pathlib.Path) -> int:
    validators = {}
    for path in sorted(schemas.glob("*/*.json")):
        schema = json.loads(path.read_text(encoding="utf-8"))
        Draft7Validator.check_schema(schema)
        validators[path.relative_to(schemas).as_posix()] = Draft7Validator(schema)

    documents = valid = disagreements = 0
    with corpus.open(encoding="utf-8", newline="\n") as lines:
        for line in lines:
            entry = json.loads(line)
            error = next(validators[entry["schema"]].iter_errors(entry["document"]), None)
            documents += 1
            valid += entry["valid"]
            if (error is None) == entry["valid"]:
                continue
            disagreements += 1
            if disagreements <= MOST_SHOWN:
                said = "it is valid" if error is None else error.message
                print(f"{entry['schema']}: lorch says {entry['valid']}, jsonschema {said}", file=sys.stderr)
                print(f"  {line.rstrip()}", file=sys.stderr)
    print(
        f"Python jsonschema: {len(validators)} schemas, {documents} documents, "
        f"{valid} of them valid, {disagreements} disagreements"
    )
    return 0 if disagreements == 0 and documents >= 400 else 1


if __name__ == "__main__":
    sys.exit(main(pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2])))

"""The page /api/docs: the OpenAPI document as one readable page that loads nothing from anywhere."""

import json
from collections.abc import Iterator, Mapping
from html import escape
from typing import Any

CONTENT_POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:"

_STYLE = """
:root { color-scheme: light dark; --text: light-dark(#1C2526, #E8ECEA); --line: light-dark(#DEDBD2, #2B393C);
  --paper: light-dark(#FBFAF7, #10181A); --field: light-dark(#F1EFE8, #182326); --alive: light-dark(#0B7A75, #3FC1B6); }
body { margin: 0 auto; max-width: 860px; padding: 2.5rem 1rem 4rem; font: 1rem/1.55 "Source Sans 3", "Source Sans Pro",
  system-ui, sans-serif; color: var(--text); background: var(--paper); }
h1 { font-size: 2.6rem; line-height: 1.14; letter-spacing: -.02em; margin: 0 0 .5rem; }
h2 { font-size: 1.25rem; margin: 0; overflow-wrap: anywhere; } h3 { font-size: 1rem; margin: 1.4rem 0 .4rem; }
section { border: 1px solid var(--line); border-radius: 12px; padding: 1.1rem 1.3rem; margin-top: 1.4rem; }
code, pre { font-family: "Source Code Pro", ui-monospace, monospace; font-size: .88rem; }
pre { background: var(--field); padding: .8rem 1rem; border-radius: 8px; overflow-x: auto; margin: 0; }
b.method { color: var(--alive); margin-right: .5rem; } a { color: inherit; }
table { border-collapse: collapse; width: 100%; font-size: .93rem; } td, th { text-align: left; vertical-align: top;
  padding: .35rem .7rem .35rem 0; border-top: 1px solid var(--line); } th { font-weight: 600; }
.scroll { overflow-x: auto; }
"""

_EXAMPLES = {
    "/tasks/{task}/predict": (
        "curl -H 'Content-Type: application/json' \\\n"
        '  -d \'{"rows": [{"heart_rate": 72, "systolic_bp": 118, "diastolic_bp": 76, "spo2": 98}]}\' \\\n'
        "  {base}/tasks/vitals/predict\n\n"
        "curl -F file=@patients.csv {base}/tasks/breast_cancer/predict\n\n"
        "curl -F file=@chest.png {base}/tasks/pneumonia/predict\n\n"
        "curl -H 'Content-Type: application/json' \\\n"
        '  -d \'{"rows": [{"text": "My joints are stiff and swollen in the morning"}]}\' \\\n'
        "  {base}/tasks/symptoms/predict\n\n"
        "curl -F file=@record.zip {base}/tasks/ecg/predict\n\n"
        "curl -F file=@record.zip '{base}/tasks/ecg/predict?champion=false'"
    ),
    "/models/{task}/card": "curl {base}/models/breast_cancer/card",
    "/ask": (
        "curl -H 'Content-Type: application/json' \\\n"
        '  -d \'{"question": "What are the symptoms of asthma?"}\' \\\n'
        "  {base}/ask\n\n"
        "curl -N -H 'Content-Type: application/json' -H 'Accept: text/event-stream' \\\n"
        '  -d \'{"question": "What are the symptoms of asthma?"}\' \\\n'
        "  {base}/ask"
    ),
}


def reference_page(document: Mapping[str, Any], base: str) -> str:
    """Return the HTML page for an OpenAPI document; every text in it is escaped.

    Parameters
    ----------
    base : address under which the API answers, for the examples ("http://127.0.0.1:8501/api").
    """
    info = document["info"]
    body = "".join(
        _operation(path, method, operation, base)
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
    )
    schemas = "".join(_schema(name, schema) for name, schema in _described(document))
    return (
        "<!doctype html><html lang='en'><head><meta charset='utf-8'>"
        "<meta name='viewport' content='width=device-width, initial-scale=1'>"
        f"<title>{escape(info['title'])} API</title><style>{_STYLE}</style></head><body><main>"
        f"<h1>{escape(info['title'])} API</h1><p>{escape(info['description'])}</p>"
        "<p>Errors are problem details (RFC 9457): <code>detail</code> is one sentence that says what was wrong. "
        "Machine-readable: <a href='openapi.json'>openapi.json</a>. <a href='/'>Back to MedHive</a></p>"
        f"{body}<h3>What the fields mean</h3>{schemas}</main></body></html>"
    )


def _operation(path: str, method: str, operation: Mapping[str, Any], base: str) -> str:
    example = _EXAMPLES.get(path, f"curl {{base}}{path}").replace("{base}", base)
    answers = "".join(
        f"<tr><th>{escape(status)}</th><td>{escape(given['description'])}</td><td>{escape(_of(given))}</td></tr>"
        for status, given in sorted(operation["responses"].items())
    )
    options = "".join(
        f"<tr><th><code>{escape(given['name'])}</code></th><td>{escape(_type(given['schema']))}</td>"
        f"<td>{escape(given.get('description', ''))}</td></tr>"
        for given in operation.get("parameters", ())
        if given["in"] == "query"
    )
    if options:
        options = f"<h3>Options</h3><div class='scroll'><table>{options}</table></div>"
    return (
        f"<section><h2><b class='method'>{escape(method.upper())}</b><code>/api{escape(path)}</code></h2>"
        f"<p>{escape(operation.get('summary', ''))}. {escape(operation.get('description', ''))}</p>"
        f"<pre>{escape(example)}</pre>{options}"
        f"<h3>Answers</h3><div class='scroll'><table>{answers}</table></div></section>"
    )


def _described(document: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    for name, schema in document["components"]["schemas"].items():
        if "properties" in schema and not name.startswith(("HTTPValidation", "Validation")):
            yield name, schema


def _schema(name: str, schema: Mapping[str, Any]) -> str:
    rows = "".join(
        f"<tr><th><code>{escape(field)}</code></th><td>{escape(_type(kind))}</td>"
        f"<td>{escape(kind.get('description', ''))}</td></tr>"
        for field, kind in schema["properties"].items()
    )
    about = escape(schema.get("description", ""))
    return f"<section><h2>{escape(name)}</h2><p>{about}</p><div class='scroll'><table>{rows}</table></div></section>"


def _of(response: Mapping[str, Any]) -> str:
    return ", ".join({_type(content.get("schema", {})): None for content in response.get("content", {}).values()})


def _type(schema: Mapping[str, Any]) -> str:
    if "$ref" in schema:
        return str(schema["$ref"]).rpartition("/")[2]
    if "anyOf" in schema:
        return " or ".join(_type(option) for option in schema["anyOf"])
    if "enum" in schema or "const" in schema:
        return " or ".join(json.dumps(value) for value in schema.get("enum", [schema.get("const")]))
    if schema.get("type") == "array":
        return f"list of {_type(schema.get('items', {}))}" if "items" in schema else "list"
    if isinstance(schema.get("additionalProperties"), Mapping):
        return f"name to {_type(schema['additionalProperties'])}"
    return str(schema.get("type", ""))

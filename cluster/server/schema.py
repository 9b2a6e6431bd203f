"""The messages of `coproc.v1` (docs/coproc.proto), built here: no generated file is in the tree. A test compares the two."""

from __future__ import annotations

from typing import Any, Final

from google.protobuf import descriptor_pb2, descriptor_pool, message_factory  # type: ignore[import-untyped]

PACKAGE: Final = "coproc.v1"
SERVICE: Final = f"{PACKAGE}.Coprocessor"
_KINDS: Final = {"uint32": 13, "uint64": 4, "bytes": 12, "string": 9, "bool": 8}
_MESSAGE: Final = 11
MESSAGES: Final[dict[str, tuple[tuple[str, str], ...]]] = {
    "ExecuteRequest": (("id", "uint64"), ("count", "uint32"), ("body", "bytes")),
    "ExecuteReply": (("id", "uint64"), ("count", "uint32"), ("body", "bytes"), ("error", "Error")),
    "Error": (("code", "uint32"), ("retry_after_ms", "uint32"), ("text", "string")),
    "DescribeRequest": (),
    "DescribeReply": (("json", "string"),),
    "SubmitRequest": (("count", "uint32"), ("body", "bytes")),
    "SubmitReply": (("total", "uint64"),),
    "ResultRequest": (("most", "uint32"), ("body", "bytes"), ("forget", "bool")),
    "ResultReply": (("total", "uint64"), ("count", "uint32"), ("answers", "bytes")),
}
"""Fields are numbered from 1 in this order."""
METHODS: Final = ("Execute", "ExecuteStream", "Describe", "Submit", "Result")


def file() -> Any:
    """The descriptor of the file."""
    proto = descriptor_pb2.FileDescriptorProto(name="coproc.proto", package=PACKAGE, syntax="proto3")
    for name, columns in MESSAGES.items():
        message = proto.message_type.add(name=name)
        for number, (column, kind) in enumerate(columns, 1):
            field = message.field.add(name=column, number=number, label=1, json_name=_camel(column))
            if kind in _KINDS:
                field.type = _KINDS[kind]
            else:
                field.type, field.type_name = _MESSAGE, f".{PACKAGE}.{kind}"
    service = proto.service.add(name="Coprocessor")
    for method in METHODS:
        stream = method.endswith("Stream")
        name = method.removesuffix("Stream")
        types = {"input_type": f".{PACKAGE}.{name}Request", "output_type": f".{PACKAGE}.{name}Reply"}
        added = service.method.add(name=method, **types)
        if stream:
            added.client_streaming = added.server_streaming = True
    return proto


def messages() -> dict[str, Any]:
    """The classes of the messages, by name."""
    pool = descriptor_pool.Default()
    pool.Add(file())
    return {name: message_factory.GetMessageClass(pool.FindMessageTypeByName(f"{PACKAGE}.{name}")) for name in MESSAGES}


def _camel(name: str) -> str:
    first, *rest = name.split("_")
    return first + "".join(word.capitalize() for word in rest)

#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Makes the seeds beside it that are not text, the same bytes each time."""
import json
import pathlib
import struct

HERE = pathlib.Path(__file__).parent


def write(target, name, data):
    (HERE / target / name).write_bytes(data)


def chunk(kind, data):
    return kind + struct.pack(">I", len(data)) + data


def midi(form, division, *tracks, counted=None):
    head = struct.pack(">HHH", form, len(tracks) if counted is None else counted, division)
    return chunk(b"MThd", head) + b"".join(chunk(b"MTrk", track) for track in tracks)


def meta(kind, data):
    return b"\x00\xff" + bytes([kind, len(data)]) + data


END = meta(0x2F, b"")
NOTE = b"\x00\x90\x3c\x40\x60\x80\x3c\x00"
RUNNING = b"\x00\x90\x3c\x40\x30\x3c\x00\x00\x40\x50\x81\x40\x40\x00" + END
CONDUCTOR = (
    meta(0x03, b"Song") + meta(0x51, b"\x07\xa1\x20") + meta(0x58, b"\x06\x03\x18\x08")
    + meta(0x59, b"\xfd\x01") + b"\x60" + meta(0x51, b"\x00\x00\x00")[1:] + END
)
SINGER = meta(0x03, b"Voice") + b"\x00\xc0\x34" + meta(0x05, b"la-") + NOTE + meta(0x05, b"la") + NOTE
EXCLUSIVE = b"\x00\xf0\x03\x7e\x7f\xf7\x00\xf7\x02\x01\xf7\x00\xb0\x40\x7f\x00\xe0\x00\x40" + NOTE + END
KARAOKE = meta(0x01, b"@KMIDI") + meta(0x01, b"\\One") + b"\x30" + meta(0x01, b"/two")[1:] + END

write("midi_fuzz", "running_status.mid", midi(0, 96, RUNNING))
write("midi_fuzz", "conductor.mid", midi(1, 480, CONDUCTOR, SINGER + END))
write("midi_fuzz", "karaoke.kar", midi(1, 96, KARAOKE, NOTE + NOTE + END))
write("midi_fuzz", "exclusive.mid", midi(1, 96, EXCLUSIVE, NOTE + END, counted=1))
write("midi_fuzz", "film_time.mid", midi(0, 0xE728, RUNNING))
write("midi_fuzz", "cut_short.mid", midi(1, 96, RUNNING)[:-6])
RIFF = b"RMID" + struct.pack("<4sI", b"data", len(midi(0, 96, RUNNING))) + midi(0, 96, RUNNING)
write("midi_fuzz", "in_riff.rmi", struct.pack("<4sI", b"RIFF", len(RIFF)) + RIFF)


def folder(name, config, tensors):
    """A model's config.json and weights.safetensors, between them a 0."""
    header, data = {}, b""
    for tensor, (dtype, shape) in sorted(tensors.items()):
        size = {"F32": 4, "BF16": 2, "I8": 1}[dtype]
        for extent in shape:
            size *= extent
        header[tensor] = {"dtype": dtype, "shape": shape, "data_offsets": [len(data), len(data) + size]}
        data += bytes([0, 0, 0x80, 0x3F] * size)[:size]
    header["__metadata__"] = {"licence": "CC0"}
    text = json.dumps(header).encode()
    write("weights_fuzz", name, json.dumps(config).encode() + b"\0" + struct.pack("<Q", len(text)) + text + data)


EVENTS = {
    "version": 1, "dim": 4, "layers": 1, "context": 8, "input_rows": 3, "condition_rows": 2,
    "fields": [{"name": "pitch", "size": 3, "hidden": 0}, {"name": "time", "size": 2, "hidden": 2}],
}  # fmt: skip
ENDS = {
    "input.weight": ("F32", [3, 4]), "condition.weight": ("F32", [2, 4]), "norm.weight": ("F32", [4]),
    "field.pitch.logits.weight": ("F32", [3, 4]), "field.time.hidden.weight": ("F32", [2, 4]),
    "field.time.logits.weight": ("F32", [2, 2]), "field.time.logits.bias": ("F32", [2]),
}  # fmt: skip
BLOCK = {
    "attention.norm.weight": ("F32", [4]), "attention.q.weight": ("I8", [4, 4]),
    "attention.q.weight.scale": ("F32", [4]), "attention.k.weight": ("BF16", [2, 4]),
    "attention.v.weight": ("BF16", [2, 4]), "attention.o.weight": ("F32", [4, 4]),
    "ff.norm.weight": ("F32", [4]), "ff.gate.weight": ("F32", [3, 4]),
    "ff.up.weight": ("F32", [3, 4]), "ff.down.weight": ("F32", [4, 3]),
}  # fmt: skip
ROTARY = {"index_pairs": 1, "index_base": 1e4, "time_pairs": 0, "time_base": 1e3}
SHAPE = {"heads": 2, "kv_heads": 1, "head_dim": 2, "ff": 3, "rotary": ROTARY}
TRANSFORMER = ENDS | {f"layer.0.{name}": tensor for name, tensor in BLOCK.items()}
folder("transformer", {"architecture": "event-transformer"} | EVENTS | SHAPE, TRANSFORMER)
folder("masked", {"architecture": "masked-transformer"} | EVENTS | SHAPE, TRANSFORMER)

GATES = {}
for gate in ("input", "forget", "cell", "output"):
    GATES[f"layer.0.{gate}.x.weight"] = GATES[f"layer.0.{gate}.h.weight"] = ("F32", [4, 4])
    GATES[f"layer.0.{gate}.bias"] = ("F32", [4])
folder("lstm", {"architecture": "event-lstm"} | EVENTS, ENDS | GATES | {"layer.0.norm.weight": ("F32", [4])})

GROOVE = {"steps": 2, "drums": 1, "latent": 1, "hidden": 2, "layers": 1, "styles": ["rock"]}
STACKS = {}
for stack, inputs, outputs in (("pattern", 6, 2), ("touch", 6, 4)):
    STACKS |= {
        f"{stack}.in.weight": ("F32", [2, inputs]), f"{stack}.in.bias": ("F32", [2]),
        f"{stack}.norm.weight": ("F32", [2]),
        f"{stack}.out.weight": ("F32", [outputs, 2]), f"{stack}.out.bias": ("F32", [outputs]),
    }  # fmt: skip
folder("groove", {"architecture": "groove-gan", "version": 1} | GROOVE, STACKS)

#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Makes the zipped scores beside it, the same bytes each time."""
import pathlib
import zipfile

HERE = pathlib.Path(__file__).parent


def score(title):
    return (
        f"<score-partwise><work><work-title>{title}</work-title></work><part id='P1'><measure>"
        "<note><pitch><step>C</step><octave>4</octave></pitch><duration>4</duration></note>"
        "</measure></part></score-partwise>"
    )


def package(name, entries):
    with zipfile.ZipFile(HERE / name, "w", zipfile.ZIP_DEFLATED) as archive:
        for path, text in entries:
            archive.writestr(zipfile.ZipInfo(path), text, zipfile.ZIP_DEFLATED)


CONTAINER = (
    "<container><rootfiles><rootfile full-path='scores/right.xml'/></rootfiles></container>"
)
package(
    "container.mxl",
    [
        ("META-INF/container.xml", CONTAINER),
        ("wrong.xml", score("The wrong one")),
        ("scores/right.xml", score("The right one")),
    ],
)
package("bare.mxl", [("read.me", "-"), ("Score.MusicXML", score("The only one"))])
package("no_score.mxl", [("read.me", "-")])
package("bomb.mxl", [("score.xml", "<a>" + " " * 8_000_000 + "</a>")])

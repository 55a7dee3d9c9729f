"""The commands as people type them: what they print, how they end, what they say of a mistake."""

from __future__ import annotations

import json
import signal
import subprocess
import wave
from pathlib import Path

import numpy as np
import pytest

from parvis.cli.speak import write_wav
from tests.integration.signals import tone
from tests.parvis import PARVIS, Parvis, free_ports, listen, speak, summary, wait_until


def parvis_says(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([*PARVIS, *arguments], capture_output=True, text=True, timeout=60, check=False)


@pytest.mark.parametrize(
    "command", ["up", "demo", "speak", "listen", "storm", "doctor", "control", "stage", "edge", "archive"]
)
def test_every_command_has_help(command: str) -> None:
    told = parvis_says(command, "--help")
    assert told.returncode == 0
    assert "Usage: " in told.stdout


def test_the_demo_is_heard(tmp_path: Path) -> None:
    port, control_port = free_ports(2)
    command = [
        *PARVIS, "demo", "--data", str(tmp_path / "data"), "--port", str(port),
        "--control-port", str(control_port), "--edges", "1", "--json",
    ]  # fmt: skip
    with (tmp_path / "log").open("w") as log:
        demo = subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=log, text=True, start_new_session=True
        )
    try:
        assert demo.stdout is not None
        text = ""
        while not text.rstrip().endswith("}"):
            line = demo.stdout.readline()
            assert line, (tmp_path / "log").read_text()[-4000:]
            text += line
        space = {"links": json.loads(text)}
        out = tmp_path / "demo.wav"
        told = summary(listen(space, "--for", "6", "--out", str(out)))
        assert (told["gaps"], told["repeats"]) == (0, 0)
        with wave.open(str(out)) as wav:
            heard = np.frombuffer(wav.readframes(wav.getnframes()), np.int16).astype(float)
        assert np.sqrt((heard**2).mean()) > 300, "a voice speaks"
    finally:
        demo.send_signal(signal.SIGINT)
        assert demo.wait(40) == 0


def test_speaking_a_file_that_is_none(tmp_path: Path) -> None:
    (tmp_path / "no.wav").write_text("this is no sound")
    told = parvis_says("speak", str(tmp_path / "no.wav"), "--space", "http://127.0.0.1:9/x", "--token", "t")
    assert told.returncode == 1
    assert "cannot read sound" in told.stderr
    assert "Traceback" not in told.stderr


def test_speaking_to_nobody(tmp_path: Path) -> None:
    write_wav(tmp_path / "tone.wav", tone(700, 1))
    (port,) = free_ports(1)
    whip = f"http://127.0.0.1:{port}/api/v1/whip/x"
    told = parvis_says("speak", str(tmp_path / "tone.wav"), "--space", whip, "--token", "t")
    assert told.returncode == 1
    assert "cannot reach" in told.stderr
    assert "Traceback" not in told.stderr


def test_speaking_ends_with_ctrl_c(parvis: Parvis, tmp_path: Path) -> None:
    ana = parvis.person()
    space = ana.post("spaces", {"title": "Ctrl-C"})
    ana.post(f"spaces/{space['id']}/start")
    write_wav(tmp_path / "tone.wav", tone(700, 1))
    speaker = speak(ana, space, tmp_path / "tone.wav", "--loop")
    wait_until(lambda: any(s["connected"] for s in parvis.space_json(space["id"])["speakers"]))
    speaker.send_signal(signal.SIGINT)
    assert summary(speaker)["seconds"] > 0
    wait_until(lambda: not any(s["connected"] for s in parvis.space_json(space["id"])["speakers"]))


def test_listening_to_no_space(parvis: Parvis) -> None:
    told = parvis_says("listen", f"{parvis.edge}/s/nosuchspac")
    assert told.returncode == 1
    assert "Traceback" not in told.stderr

"""Serve a simulated task: `python -m opro_action.testing --landscape easy --seed 0 --port 0` prints the address."""

from __future__ import annotations

import argparse
import threading
from pathlib import Path

from opro_action.testing.landscapes import LANDSCAPES
from opro_action.testing.server import SimulatorServer
from opro_action.testing.suites import write_repository
from opro_action.testing.world import World
from opro_action.testing.writing import HANDS


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m opro_action.testing", description=__doc__)
    parser.add_argument("--landscape", choices=sorted(LANDSCAPES), default="easy", help="how the task rewards prompts")
    parser.add_argument("--seed", type=int, default=0, help="which world of that landscape")
    parser.add_argument("--hand", choices=sorted(HANDS), default="good", help="the optimizer model's abilities")
    parser.add_argument("--port", type=int, default=0, help="0 takes a free one")
    parser.add_argument("--limit", type=int, help="task calls after which the server refuses")
    parser.add_argument("--write", type=Path, metavar="FOLDER", help="also write the task's prompt and suite there")
    options = parser.parse_args()
    world = World.named(options.landscape, options.seed)
    with SimulatorServer(world, options.hand, options.limit, options.port) as server:
        if options.write:
            print(write_repository(options.write, world, url=server.url), flush=True)  # noqa: T201
        print(server.url, flush=True)  # noqa: T201
        try:
            threading.Event().wait()
        except KeyboardInterrupt:
            return


if __name__ == "__main__":
    main()

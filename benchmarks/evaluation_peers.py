"""What the peers do with given responses, timed; runs in the environment `.bench/evaluation/`, which has no Nacre."""

from __future__ import annotations

import importlib.metadata
import json
import os
import resource
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import evaluators
from serve import Times, peak_mb, serve, timed

# Documented switches: nothing is sent anywhere while we measure.
QUIET = {"DEEPEVAL_TELEMETRY_OPT_OUT": "1", "PROMPTFOO_DISABLE_TELEMETRY": "1", "PROMPTFOO_DISABLE_UPDATE": "1"}
os.environ |= QUIET
NAMES = tuple(call.__name__ for call in evaluators.ALL)
HERE = Path(__file__).parent


def versions(promptfoo: str) -> dict[str, Any]:
    found = {name: importlib.metadata.version(name) for name in ("inspect_ai", "deepeval")}
    return {"versions": {**found, "promptfoo": json.loads((Path(promptfoo) / "package.json").read_text())["version"]}}


def run_inspect(responses: str, out: str) -> dict[str, Any]:
    """Evaluate with inspect_ai: its mock model answers, three scorers score, and the log is written as it goes."""
    from inspect_ai import Task, eval
    from inspect_ai.dataset import MemoryDataset, Sample
    from inspect_ai.model import ModelOutput, ModelUsage, get_model
    from inspect_ai.scorer import Score, Scorer, Target, mean, scorer
    from inspect_ai.solver import TaskState, generate

    def scorer_of(name: str) -> Scorer:
        call = getattr(evaluators, name)

        @scorer(metrics=[mean()])
        def scorer_with_arguments() -> Scorer:
            async def score(state: TaskState, target: Target) -> Score:
                given = {"inputs": state.input_text, "outputs": state.output.completion, "reference": target.text}
                return Score(value=call(*(given[argument] for argument in _arguments(call))))

            return score

        return scorer_with_arguments()

    def work(folder: str) -> Any:
        rows = _read(responses)
        given = {row["prompt"]: row["response"] for row in rows}
        samples = [Sample(input=row["prompt"], target=row["reference"], id=place) for place, row in enumerate(rows)]

        def answer(messages: list[Any], *_: Any) -> ModelOutput:
            output = ModelOutput.from_content("mockllm", given[messages[-1].text])
            output.usage = ModelUsage()  # otherwise it counts tokens, with a vocabulary that it downloads
            return output

        model = get_model("mockllm/model", custom_outputs=answer)
        task = Task(dataset=MemoryDataset(samples), solver=generate(), scorer=[scorer_of(name) for name in NAMES])
        return eval(task, model=model, display="none", log_dir=folder, log_realtime=False)[0]

    with tempfile.TemporaryDirectory() as folder:
        times, log = timed(lambda: work(folder))
        peak = peak_mb()
        samples = sorted(log.samples, key=lambda sample: sample.id)  # read back from the log
    scores = [[float(score.value) for score in sample.scores.values()] for sample in samples]  # in the order of scorers
    _write(out, dict(zip(NAMES, map(list, zip(*scores, strict=True)), strict=True)))
    return {**times, "work_mb": peak}


def run_deepeval(responses: str, out: str) -> dict[str, Any]:
    """Evaluate with deepeval: three metrics of our own, one after the other; its test run is written at the end."""
    from deepeval import evaluate
    from deepeval.evaluate import AsyncConfig, CacheConfig, DisplayConfig
    from deepeval.metrics import BaseMetric
    from deepeval.test_case import LLMTestCase

    class Metric(BaseMetric):
        def __init__(self, name: str) -> None:
            self.threshold, self.async_mode, self.verbose_mode = 0.5, False, False
            self.name, self.call = name, getattr(evaluators, name)

        def measure(self, test_case: LLMTestCase, *_: Any, **__: Any) -> float:
            given = {
                "inputs": test_case.input,
                "outputs": test_case.actual_output,
                "reference": test_case.expected_output,
            }
            self.score = float(self.call(*(given[argument] for argument in _arguments(self.call))))
            self.success = self.score >= self.threshold
            return self.score

        async def a_measure(self, test_case: LLMTestCase, *_: Any, **__: Any) -> float:
            return self.measure(test_case)

        def is_successful(self) -> bool:
            return bool(self.success)

        @property
        def __name__(self) -> str:
            return self.name

    def work(folder: str) -> Any:
        cases = [
            LLMTestCase(
                input=row["prompt"], actual_output=row["response"], expected_output=row["reference"], name=str(place)
            )
            for place, row in enumerate(_read(responses))
        ]
        return evaluate(
            cases,
            [Metric(name) for name in NAMES],
            async_config=AsyncConfig(run_async=False),
            cache_config=CacheConfig(write_cache=False),
            display_config=DisplayConfig(
                show_indicator=False, print_results=False, inspect_after_run=False, results_folder=folder
            ),
        )

    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        times, result = timed(lambda: work(folder))
        os.chdir(HERE)
    tests = sorted(result.test_results, key=lambda test: int(test.name))
    scores = [{metric.name: metric.score for metric in test.metrics_data} for test in tests]
    _write(out, {name: [row[name] for row in scores] for name in NAMES})
    return {**times}


def run_promptfoo(responses: str, out: str, promptfoo: str, language: str) -> dict[str, Any]:
    """Evaluate with promptfoo: a provider that gives the responses, three assertions; its database keeps the results.

    The start of Node is left out; the Python processes that promptfoo starts are counted.
    """
    node = Path(sys.executable).with_name("node")
    with tempfile.TemporaryDirectory() as folder:
        found = Path(folder) / "out.json"
        command = [str(node), str(HERE / "promptfoo_run.mjs"), promptfoo, responses, language, str(found)]
        environment = {**os.environ, "PROMPTFOO_CONFIG_DIR": folder, "PROMPTFOO_PYTHON": sys.executable}
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        subprocess.run(command, check=True, env=environment)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        result = json.loads(found.read_text())
    _write(out, {name: [float(score) for score in result["scores"][name]] for name in NAMES})
    children = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime - result["node_cpu"]
    times = Times(seconds=result["seconds"], cpu=result["cpu"] + max(children, 0.0))
    return {**times, "work_mb": result["peak_mb"]}


def _arguments(call: Any) -> tuple[str, ...]:
    return tuple(call.__code__.co_varnames[: call.__code__.co_argcount])


def _read(responses: str) -> list[dict[str, str]]:
    return [json.loads(line) for line in Path(responses).read_text().splitlines()]


def _write(out: str, scores: dict[str, list[float]]) -> None:
    Path(out).write_text(json.dumps(scores))


if __name__ == "__main__":
    serve(versions, run_inspect, run_deepeval, run_promptfoo)

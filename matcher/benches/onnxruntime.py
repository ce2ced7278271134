"""Our nets in tract beside the same files in onnxruntime: one core, one thread each, alternating rounds.

    PYTHONPATH=assets/onnxruntime python3 matcher/benches/onnxruntime.py target/debug/matcher-eval assets

`make bench` does this. It also checks that both runtimes give the same outputs.
"""

import os
import pathlib
import statistics
import subprocess
import sys
import time

import numpy
import onnxruntime

NETS = {
    "detector": ("face_detection_yunet.onnx", (1, 3, 320, 320), "YuNet 320 x 320"),
    "embedder": ("face_recognition_sface.onnx", (1, 3, 112, 112), "SFace 112 x 112"),
}
ROUNDS, RUNS, WARM = 5, 20, 5


class Tract:
    """`matcher-eval nets`, pinned to the core of this process, which it inherits."""

    def __init__(self, program, models):
        command = [program, "nets", "--models", models]
        self.child = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self.load_ms = float(self.child.stdout.readline())

    def ask(self, line, data=b""):
        self.child.stdin.write(line.encode() + b"\n" + data)
        self.child.stdin.flush()
        answer = self.child.stdout.readline().split()
        if not answer:
            sys.exit("matcher-eval ended: see its message above")
        return answer

    def run(self, name, data):
        ms, count = self.ask(name, data.tobytes())
        return float(ms), numpy.frombuffer(self.child.stdout.read(int(count) * 4), dtype="<f4")


class Onnxruntime:
    def __init__(self, models):
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        options.log_severity_level = 3
        began = time.perf_counter()
        self.sessions = {}
        for name, (file, _, _) in NETS.items():
            path = os.path.join(models, file)
            self.sessions[name] = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
        self.load_ms = (time.perf_counter() - began) * 1e3

    def run(self, name, data):
        session = self.sessions[name]
        began = time.perf_counter()
        outputs = session.run(None, {session.get_inputs()[0].name: data})
        ms = (time.perf_counter() - began) * 1e3
        return ms, numpy.concatenate([output.ravel() for output in outputs])


def main():
    program, assets = sys.argv[1:]
    models = os.path.join(assets, "models")
    core = max(os.sched_getaffinity(0))
    os.sched_setaffinity(0, {core})
    tract, reference = Tract(program, models), Onnxruntime(models)
    load = os.getloadavg()[0]
    print(f"One core ({core}), one thread; load of the machine {load:.1f}; onnxruntime {onnxruntime.__version__}.")
    print(f"Median of {ROUNDS} alternating rounds of {RUNS} runs, milliseconds.\n")
    print(f"{'net':<18}{'tract':>8}{'onnxruntime':>13}{'ratio':>7}   ratios of the rounds       greatest difference")
    for name, (_, shape, title) in NETS.items():
        data = numpy.random.default_rng(7).integers(0, 256, shape).astype("<f4")
        for runtime in (tract, reference):
            for _ in range(WARM):
                runtime.run(name, data)
        ours, theirs, ratios, difference = [], [], [], 0.0
        for _ in range(ROUNDS):
            # In turn run by run, so that whatever else the machine does meets both alike.
            pairs = [(tract.run(name, data), reference.run(name, data)) for _ in range(RUNS)]
            ours += [pair[0][0] for pair in pairs]
            theirs += [pair[1][0] for pair in pairs]
            ratios.append(statistics.median(ours[-RUNS:]) / statistics.median(theirs[-RUNS:]))
            difference = max(difference, max(float(abs(a[1] - b[1]).max()) for a, b in pairs))
        mine, other = statistics.median(ours), statistics.median(theirs)
        rounds = " ".join(f"{ratio:.2f}" for ratio in ratios)
        print(f"{title:<18}{mine:>8.1f}{other:>13.1f}{mine / other:>7.2f}   {rounds:<26} {difference:.1e}")
        if difference > 1e-2:
            sys.exit(f"{title}: the runtimes disagree by {difference}; these are not the same nets")
    print(f"{'load both nets':<18}{tract.load_ms:>8.0f}{reference.load_ms:>13.0f}\n")
    print("A face from its JPEG file, tract, milliseconds: decode, detect, align and embed, together")
    for path in sorted(pathlib.Path(assets, "faces").glob("*.jpg")):
        runs = [[float(part) for part in tract.ask(f"face {path}")] for _ in range(RUNS)]
        parts = [statistics.median(column) for column in zip(*runs)]
        print(f"{path.name:<18}" + "".join(f"{part:>8.1f}" for part in (*parts, statistics.median(map(sum, runs)))))


main()

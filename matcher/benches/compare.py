"""The same nets in tract and in onnxruntime, and the whole path beside OpenCV's: one core, one thread each, in turn.

    PYTHONPATH=assets/reference python3 matcher/benches/compare.py target/debug/matcher-eval assets

`make bench` does this. onnxruntime 1.32 refuses some block-quantized weights of these files (a block size beside one
scale for all), so weights are folded to floats here as well, by other code than ours; that both runtimes then give the
same outputs is checked. OpenCV reads the files as they are. Time is that of the core, as the kernel counts it for each
process: what else the machine does takes time on the wall from both, but not the same share.
"""

import os
import pathlib
import statistics
import subprocess
import sys
import time

import cv2
import numpy
import onnx
import onnxruntime

NETS = {
    "detector": ("face_detection_yunet.onnx", (1, 3, 320, 320), "YuNet 320 x 320"),
    "embedder": ("face_recognition_sface.onnx", (1, 3, 112, 112), "SFace 112 x 112"),
    # A picture of 388 x 374 with what goes around it; one channel, the last.
    "minutiae": ("finger_minutiae_leader.onnx", (1, 384, 416, 1), "LEADER 416 x 384"),
}
ROUNDS, TURNS, RUNS, WARM = 5, 10, 4, 10
# Each of its runs takes half a second.
MINUTIAE_TURNS, MINUTIAE_RUNS, MINUTIAE_WARM = 5, 1, 2
DETECTOR_PX = 320


def folded(path, shape):
    """The model with plain weights and this input shape (opset 21: a scale holds for `block_size` elements of `axis`)."""
    model = onnx.load(path)
    graph = model.graph
    weights = {tensor.name: onnx.numpy_helper.to_array(tensor) for tensor in graph.initializer}
    for node in [node for node in graph.node if node.op_type == "DequantizeLinear"]:
        values, *parameters = (weights[name] for name in node.input)
        attributes = {attribute.name: attribute.i for attribute in node.attribute}
        axis, block = attributes.get("axis", 1), attributes.get("block_size", 0)
        if parameters[0].size > 1 and block:
            parameters = [numpy.repeat(each, block, axis).take(range(values.shape[axis]), axis) for each in parameters]
        elif parameters[0].size > 1:
            along = [-1 if at == axis else 1 for at in range(values.ndim)]
            parameters = [each.reshape(along) for each in parameters]
        scale, zero = parameters if len(parameters) == 2 else (parameters[0], 0)
        floats = (values.astype("i4") - numpy.asarray(zero).astype("i4")).astype("f4") * scale
        graph.initializer.append(onnx.numpy_helper.from_array(floats.astype("f4"), node.output[0]))
        graph.node.remove(node)
    read = {name for node in graph.node for name in node.input}
    initialized = {tensor.name for tensor in graph.initializer}
    kept = [each for each in graph.input if each.name in read - initialized]
    del graph.input[:]
    graph.input.extend(kept)
    del graph.value_info[:]
    for output in graph.output:
        output.type.tensor_type.ClearField("shape")
    for dimension, length in zip(graph.input[0].type.tensor_type.shape.dim, shape, strict=True):
        dimension.dim_value = length
    return model.SerializeToString()


class Tract:
    """`matcher-eval nets`, pinned to the core of this process, which it inherits."""

    def __init__(self, program, models):
        command = [program, "nets", "--models", models]
        self.child = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self.load_ms = float(self.answer()[0])

    def ask(self, line, data=b""):
        self.child.stdin.write(line.encode() + b"\n" + data)
        self.child.stdin.flush()
        return self.answer()

    def answer(self):
        answer = self.child.stdout.readline().split()
        if not answer:
            sys.exit("matcher-eval ended: see its message above")
        return answer

    def core_ms(self):
        # Linux: the clock of another process's time on a core.
        return time.clock_gettime(~self.child.pid << 3 | 2) * 1e3

    def prepare(self, name, data):
        self.ask(f"input {name}", data.tobytes())

    def run(self, name, data, times):
        """Milliseconds of a run: by the core, and by the clock on the wall; and the outputs."""
        before = self.core_ms()
        *wall, count = self.ask(f"run {name} {times}")
        values = numpy.frombuffer(self.child.stdout.read(int(count) * 4), dtype="<f4")
        return (self.core_ms() - before) / times, statistics.median(map(float, wall)), values

    def memory_mb(self):
        lines = pathlib.Path(f"/proc/{self.child.pid}/status").read_text().splitlines()
        fields = dict(line.split(":", 1) for line in lines)
        return [int(fields[name].split()[0]) / 1024 for name in ("VmHWM", "VmRSS")]

    def profile(self, name):
        """Milliseconds by operation."""
        operations = {}
        for _ in range(int(self.ask(f"profile {name}")[0])):
            ms, operation, *_ = self.child.stdout.readline().decode().split()
            operations[operation] = operations.get(operation, 0) + float(ms)
        return sorted(operations.items(), key=lambda item: -item[1])


class Onnxruntime:
    def __init__(self, models):
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        options.log_severity_level = 3
        files = {name: folded(os.path.join(models, file), shape) for name, (file, shape, _) in NETS.items()}
        began = time.perf_counter()
        load = lambda model: onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
        self.sessions = {name: load(model) for name, model in files.items()}
        self.load_ms = (time.perf_counter() - began) * 1e3

    def prepare(self, name, data):
        pass

    def run(self, name, data, times):
        session = self.sessions[name]
        wall, before = [], time.thread_time()
        for _ in range(times):
            began = time.perf_counter()
            outputs = session.run(None, {session.get_inputs()[0].name: data})
            wall.append((time.perf_counter() - began) * 1e3)
        core = (time.thread_time() - before) / times * 1e3
        if name == "minutiae":
            outputs = [output.transpose(0, 3, 1, 2) for output in outputs]
        return core, statistics.median(wall), numpy.concatenate([output.ravel() for output in outputs])


class Opencv:
    """OpenCV's own pipeline over the same files, with its detector at the same size."""

    def __init__(self, models):
        cv2.setNumThreads(1)
        detector, embedder = (os.path.join(models, NETS[name][0]) for name in ("detector", "embedder"))
        self.detector = cv2.FaceDetectorYN.create(detector, "", (DETECTOR_PX, DETECTOR_PX), 0.6, 0.3)
        self.embedder = cv2.FaceRecognizerSF.create(embedder, "")

    def face(self, path):
        """Milliseconds of decoding, detecting, and aligning with embedding."""
        times = [time.perf_counter()]
        image = cv2.imdecode(numpy.frombuffer(path.read_bytes(), "u1"), cv2.IMREAD_COLOR)
        times.append(time.perf_counter())
        scale = DETECTOR_PX / max(image.shape[:2])
        small = cv2.resize(image, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
        self.detector.setInputSize(small.shape[1::-1])
        _, faces = self.detector.detect(small)
        face = max(faces, key=lambda face: face[2] * face[3])
        face[:14] /= scale
        times.append(time.perf_counter())
        self.embedder.feature(self.embedder.alignCrop(image, face))
        times.append(time.perf_counter())
        return [(end - begin) * 1e3 for begin, end in zip(times, times[1:])]


def pictures(name, shape):
    """Noise; for minutiae ridges of nine pixels, which curve, with some noise."""
    random = numpy.random.default_rng(7)
    if name != "minutiae":
        return random.integers(0, 256, shape).astype("<f4")
    y, x = numpy.mgrid[: shape[1], : shape[2]]
    waves = 128 + 90 * numpy.cos(2 * numpy.pi / 9 * numpy.hypot(y - 300, x - 200))
    return numpy.clip(waves + random.normal(0, 20, waves.shape), 0, 255).astype("<f4").reshape(shape)


def compare(tract, reference, name, shape, title):
    data = pictures(name, shape)
    turns, runs, warm = (MINUTIAE_TURNS, MINUTIAE_RUNS, MINUTIAE_WARM) if name == "minutiae" else (TURNS, RUNS, WARM)
    for runtime in (tract, reference):
        runtime.prepare(name, data)
        runtime.run(name, data, warm)
    rounds = []
    for _ in range(ROUNDS):
        pairs = [(tract.run(name, data, runs), reference.run(name, data, runs)) for _ in range(turns)]
        rounds.append([[statistics.median(each[k] for each in column) for k in (0, 1)] for column in zip(*pairs)])
    differences = [abs(ours[2] - theirs[2]) for ours, theirs in pairs]
    if name == "minutiae":
        # Certainties of minutiae and of endings: directions are steep where they mean nothing.
        differences = [each.reshape(4, -1)[::2] for each in differences]
    difference = max(float(each.max()) for each in differences)
    ratios = [ours[0] / theirs[0] for ours, theirs in rounds]
    (mine, mine_wall), (other, other_wall) = (
        [statistics.median(column) for column in zip(*runtime)] for runtime in zip(*rounds)
    )
    text = " ".join(f"{ratio:.2f}" for ratio in ratios)
    print(
        f"{title:<18}{mine:>8.1f}{other:>13.1f}{statistics.median(ratios):>7.2f}   {text:<26}"
        f"{mine_wall:>8.1f}{other_wall:>13.1f}   {difference:.1e}"
    )
    if difference > 1e-4:
        sys.exit(f"{title}: the runtimes disagree by {difference}; these are not the same nets")


def main():
    program, assets = sys.argv[1:]
    models = os.path.join(assets, "models")
    core = max(os.sched_getaffinity(0))
    os.sched_setaffinity(0, {core})
    tract, reference, opencv = Tract(program, models), Onnxruntime(models), Opencv(models)
    load = os.getloadavg()[0]
    print(f"One core ({core}), one thread; load of the machine {load:.1f}; onnxruntime {onnxruntime.__version__}.")
    print(f"Median of {ROUNDS} rounds, each of {TURNS} times {RUNS} runs in turn ({MINUTIAE_TURNS} times {MINUTIAE_RUNS} for LEADER), milliseconds on the core.\n")
    heads = f"{'net':<18}{'tract':>8}{'onnxruntime':>13}{'ratio':>7}   {'ratios of the rounds':<26}"
    print(f"{heads}{'on the wall':>21}   greatest difference")
    for name, (_, shape, title) in NETS.items():
        compare(tract, reference, name, shape, title)
    print(f"{'load all nets':<18}{tract.load_ms:>8.0f}{reference.load_ms:>13.0f}")
    print("Memory of the matcher with all nets: at most {:.0f} MB, now {:.0f} MB\n".format(*tract.memory_mb()))
    for name, (*_, title) in NETS.items():
        parts = ", ".join(f"{operation} {ms:.2f}" for operation, ms in tract.profile(name) if ms >= 0.02)
        print(f"{title} by operation, least milliseconds: {parts}")
    print(f"\nA face from its JPEG file, milliseconds, tract | OpenCV {cv2.__version__} with its detector at {DETECTOR_PX} px:")
    print(f"{'':<14}{'decode':>17}{'detect':>17}{'align and embed':>17}{'together':>17}{'ratio':>7}")
    for path in sorted(pathlib.Path(assets, "faces").glob("*.jpg")):
        turns = [([float(part) for part in tract.ask(f"face {path}")], opencv.face(path)) for _ in range(TURNS + 2)][2:]
        ours, theirs = ([*map(statistics.median, zip(*runs)), statistics.median(map(sum, runs))] for runs in zip(*turns))
        text = "".join(f"{mine:>8.1f} |{other:>7.1f}" for mine, other in zip(ours, theirs))
        print(f"{path.name:<14}{text}{ours[-1] / theirs[-1]:>7.2f}")


main()

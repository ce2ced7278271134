"""The reference pipeline and ours on the same pictures: OpenCV's FaceDetectorYN and FaceRecognizerSF, same net files.

    PYTHONPATH=assets/reference python3 matcher/evaluation/reference/compare.py target/debug/matcher-eval assets DIR

`make reference DATA=...` does this. DIR holds a folder a person. Every pair of one person is genuine, every other pair
impostor; a comparison matches when its score reaches the threshold, the lowest whose false match rate is at most the
one named. Exit status 1 when ours is worse in the equal error rate or in FNMR at FMR 1e-3 or 1e-4.
"""

import json
import os
import pathlib
import subprocess
import sys
import time

import cv2
import numpy

FMRS = ("1e-2", "1e-3", "1e-4", "1e-5")
# What the acceptance of this project is about.
DECISIVE = ("EER", "1e-3", "1e-4")
# As in OpenCV's sample for these nets.
SCORE_MIN, OVERLAP_MAX, CANDIDATES = 0.6, 0.3, 5000
# Comparisons at a time.
ROWS = 512


class Reference:
    """OpenCV's own pipeline, used as its documentation shows."""

    def __init__(self, models):
        detector, recognizer = models / "face_detection_yunet.onnx", models / "face_recognition_sface.onnx"
        size = (320, 320)
        self.detector = cv2.FaceDetectorYN.create(str(detector), "", size, SCORE_MIN, OVERLAP_MAX, CANDIDATES)
        self.recognizer = cv2.FaceRecognizerSF.create(str(recognizer), "")

    def embedding(self, path):
        """Of the most prominent face (area less twice the squared distance from the middle), or None."""
        image = cv2.imread(str(path))
        if image is None:
            return None
        height, width = image.shape[:2]
        self.detector.setInputSize((width, height))
        faces = self.detector.detect(image)[1]
        if faces is None:
            return None

        def prominence(face):
            left, top, across, down = (float(value) for value in face[:4])
            return across * down - 2 * ((left + (across - width) / 2) ** 2 + (top + (down - height) / 2) ** 2)

        aligned = self.recognizer.alignCrop(image, max(faces, key=prominence))
        values = self.recognizer.feature(aligned).flatten()
        return values / numpy.linalg.norm(values)


def scores(embeddings, people):
    """Genuine and impostor cosines, each pair once, sorted."""
    genuine, impostor = [], []
    for start in range(0, len(embeddings), ROWS):
        block = embeddings[start : start + ROWS] @ embeddings[start:].T
        rows, columns = numpy.indices(block.shape)
        later = columns > rows
        same = people[start : start + ROWS, None] == people[None, start:]
        genuine.append(block[later & same])
        impostor.append(block[later & ~same])
    return numpy.sort(numpy.concatenate(genuine)), numpy.sort(numpy.concatenate(impostor))


def fnmr(genuine, impostor, fmr):
    allowed = int(fmr * len(impostor) + 1e-9)
    return numpy.searchsorted(genuine, impostor[-allowed - 1], "right") / len(genuine)


def eer(genuine, impostor):
    """The mean of both rates at the genuine score where they are nearest."""
    misses = numpy.arange(len(genuine)) / len(genuine)
    matches = 1 - numpy.searchsorted(impostor, genuine) / len(impostor)
    at = numpy.argmin(abs(misses - matches))
    return (misses[at] + matches[at]) / 2


def measured(folder, models):
    """The reference pipeline's rates, and how many genuine pairs there would be without failures."""
    reference, embeddings, people, failed = Reference(models), [], [], 0
    folders = sorted(path for path in folder.iterdir() if path.is_dir())
    counts = []
    for person, pictures in enumerate(folders):
        pictures = sorted(path for path in pictures.iterdir() if path.is_file() and not path.name.startswith("."))
        counts.append(len(pictures))
        for path in pictures:
            embedding = reference.embedding(path)
            if embedding is None:
                failed += 1
            else:
                embeddings.append(embedding)
                people.append(person)
    genuine, impostor = scores(numpy.array(embeddings), numpy.array(people))
    rates = {name: fnmr(genuine, impostor, float(name)) for name in FMRS}
    found = {"images": sum(counts), "failed": failed, "genuine": len(genuine), "impostor": len(impostor)}
    return found | {"EER": eer(genuine, impostor)} | rates, sum(count * (count - 1) // 2 for count in counts)


def ours(program, folder, models):
    command = [program, "faces", str(folder), "--models", str(models), "--json"]
    report = json.loads(subprocess.run(command, stdout=subprocess.PIPE, check=True).stdout)
    found = {"images": report["images"], "failed": report["failed_to_acquire"]}
    found |= {"genuine": report["genuine"], "impostor": report["impostor"], "EER": report["eer"]}
    return found | {name: report["fnmr_at_fmr"][name] for name in FMRS}


def main():
    program, assets, folder = sys.argv[1], pathlib.Path(sys.argv[2]), pathlib.Path(sys.argv[3])
    cv2.setNumThreads(len(os.sched_getaffinity(0)))
    began = time.monotonic()
    theirs, pairs = measured(folder, assets / "models")
    between = time.monotonic()
    own = ours(program, folder, assets / "models")
    print(f"OpenCV {cv2.__version__}: {between - began:.0f} s; ours: {time.monotonic() - between:.0f} s\n")
    print(f"{'':<24}{'reference':>12}{'ours':>12}{'change':>9}   ours, failures as non-matches")
    for name in ("images", "failed", "genuine", "impostor"):
        print(f"{name:<24}{theirs[name]:>12}{own[name]:>12}")
    worse = []
    for name in ("EER", *FMRS):
        label = "EER, %" if name == "EER" else f"FNMR at FMR {name}, %"
        change = f"{own[name] / theirs[name] - 1:+.0%}" if theirs[name] else ""
        # A picture without a template does not match: genuine pairs that it is in are errors, too.
        lost = "" if name == "EER" else f"{100 * (1 - (1 - own[name]) * own['genuine'] / pairs):.2f}"
        print(f"{label:<24}{100 * theirs[name]:>12.2f}{100 * own[name]:>12.2f}{change:>9}   {lost}")
        if name in DECISIVE and own[name] > theirs[name]:
            worse.append(label)
    if worse:
        sys.exit(f"\nours is worse: {'; '.join(worse)}")
    print("\nours is at or below the reference in EER and in FNMR at FMR 1e-3 and 1e-4")


main()

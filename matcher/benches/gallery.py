"""Search of galleries beside FAISS's IndexBinaryFlat, and beside plain reading of the same memory, in turn.

    PYTHONPATH=assets/reference python3 matcher/benches/gallery.py target/debug/matcher-eval

`make bench` does this. Both hold the same random codes and must find the same references. FAISS searches by heap or by
counting (`use_heap`), whichever is faster; what a call from Python takes, measured on an index of one code, is taken off its
time. What else a machine does takes from its memory and its cores, now from one and now from the other: so they take turns
of a tenth of a second. Times are the least of all; ratios are taken of each turn, and their median and quartiles are told.

Reading is the sum of all words by the widest loads, with the same prefetches as the search.
"""

import os
import statistics
import subprocess
import sys
import time

import faiss
import numpy

# Bytes of a code, codes, probes at once.
CASES = [
    (512, 500, 1),
    (512, 100_000, 1),
    (512, 1_000_000, 1),
    (512, 1_000_000, 8),
    (128, 1_000_000, 1),
]
MOST = 10
TURNS, TURN_S = 20, 0.1
# Only of a gallery that no core's own cache holds is it asked how near the search comes to reading.
CACHE_BYTES = 16 << 20
SEED = 7
# Codes are handed to FAISS in pieces, so that no third copy of them all is held.
PIECE = 50_000


def split_mix(seed, first, count):
    """SplitMix64's words from `first` on, as `matcher-eval gallery` makes them."""
    state = numpy.uint64(seed) + numpy.arange(first + 1, first + count + 1, dtype="u8") * numpy.uint64(0x9E3779B97F4A7C15)
    word = (state ^ (state >> numpy.uint64(30))) * numpy.uint64(0xBF58476D1CE4E5B9)
    word = (word ^ (word >> numpy.uint64(27))) * numpy.uint64(0x94D049BB133111EB)
    return (word ^ (word >> numpy.uint64(31))).astype("<u8")


class Sallyport:
    def __init__(self, program):
        self.child = subprocess.Popen([program, "gallery"], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self.kernel = self.answer()

    def answer(self):
        line = self.child.stdout.readline()
        if not line:
            sys.exit("matcher-eval ended: see its message above")
        return line.decode().strip()

    def ask(self, line, data=b""):
        self.child.stdin.write(line.encode() + b"\n" + data)
        self.child.stdin.flush()
        return self.answer()

    def hold(self, length, count, probes):
        self.ask(f"gallery {length} {count} {SEED}")
        self.ask(f"probes {len(probes)}", probes.tobytes())
        self.probes = len(probes)

    def search(self, threads, times):
        """Milliseconds of each, and what was found: references and distances."""
        ms = [float(each) for each in self.ask(f"search {MOST} {threads} {times}").split()]
        lines = [[pair.split(":") for pair in self.answer().split()] for _ in range(self.probes)]
        return ms, numpy.array(lines, "i8")

    def read(self, threads, times):
        return [float(each) for each in self.ask(f"read {threads} {times}").split()]


class Faiss:
    def __init__(self, length, count, probes):
        self.probes = probes
        self.index = faiss.IndexBinaryFlat(length * 8)
        # Room for all at once: growing would hold them twice.
        self.index.xb.resize(count * length)
        self.index.xb.resize(0)
        for first in range(0, count, PIECE):
            some = min(PIECE, count - first)
            words = split_mix(SEED, first * length // 8, some * length // 8)
            self.index.add(words.view("u1").reshape(some, length))
        self.distances = numpy.empty((len(probes), MOST), "i4")
        self.references = numpy.empty((len(probes), MOST), "i8")
        empty = faiss.IndexBinaryFlat(length * 8)
        empty.add(probes[:1])
        self.call_ms = 0
        self.call_ms = min(self.times(empty, 1_000))

    def times(self, index, times):
        pointers = faiss.swig_ptr(self.probes), faiss.swig_ptr(self.distances), faiss.swig_ptr(self.references)
        ms = []
        for _ in range(times):
            began = time.perf_counter()
            index.search_c(len(self.probes), pointers[0], MOST, pointers[1], pointers[2])
            ms.append((time.perf_counter() - began) * 1e3 - self.call_ms)
        return ms

    def search(self, threads, heap, times):
        faiss.omp_set_num_threads(threads)
        self.index.use_heap = heap
        return self.times(self.index, times), numpy.stack([self.references, self.distances], -1)


def agree(ours, theirs):
    """The same distances; the same references, but for those that share a distance, which FAISS orders its own way."""
    for mine, other in zip(ours, theirs):
        other = other[numpy.lexsort((other[:, 0], other[:, 1]))]
        if (mine[:, 1] != other[:, 1]).any() or (mine != other)[mine[:, 1] < mine[-1, 1]].any():
            sys.exit(f"the searches disagree: {mine.tolist()} and {other.tolist()}")


def compare(ours, length, count, probes):
    # Half of the probes are of the gallery but for some bits, so that there is somebody to find.
    random = numpy.random.default_rng(SEED)
    probe = random.integers(0, 256, (probes, length), "u1")
    probe[::2] = split_mix(SEED, (count // 2) * length // 8, length // 8).view("u1")
    probe[::2, : length // 8] ^= random.integers(0, 256, (len(probe[::2]), length // 8), "u1")
    theirs = Faiss(length, count, probe)
    ours.hold(length, count, probe)
    for threads in (1, 2):
        turns = {
            "read": lambda times: (ours.read(threads, times), None),
            "ours": lambda times: ours.search(threads, times),
            "heap": lambda times: theirs.search(threads, True, times),
            "counting": lambda times: theirs.search(threads, False, times),
        }
        once = {name: min(turn(3)[0]) for name, turn in turns.items()}
        faster, slower = sorted(("heap", "counting"), key=once.get)
        agree(turns["ours"](1)[1], turns[slower](1)[1])
        del turns[slower]
        times = {name: max(1, min(200, int(TURN_S * 100 / once[name]))) for name in turns}
        least = []
        for _ in range(TURNS):
            done = {name: taken(turn, times[name]) for name, turn in turns.items()}
            agree(done["ours"][1], done[faster][1])
            least.append({name: ms for name, (ms, _) in done.items()})
        best = {name: min(each[name] for each in least) for name in turns}
        share = ratio("read", "ours", least) if length * count >= CACHE_BYTES and probes == 1 else ""
        print(
            f"{length:>6}{count:>10,}{probes:>8}{threads:>9}{best['ours']:>12.4f}{best[faster]:>12.4f} {faster:<9}"
            f"{ratio('ours', faster, least)}{length * count / best['read'] / 1e6:>10.1f}{share:>24}",
            flush=True,
        )


def taken(turn, times):
    """The least time of a turn, which ends after `TURN_S` however long each run takes; and what was found."""
    ends = time.perf_counter() + TURN_S
    least, found = float("inf"), None
    while time.perf_counter() < ends:
        ms, found = turn(times)
        least = min(least, *ms)
    return least, found


def ratio(one, other, turns):
    first, middle, third = statistics.quantiles((each[one] / each[other] for each in turns), n=4)
    return f"{middle:>6.2f} ({first:.2f} to {third:.2f})"


def main():
    ours = Sallyport(sys.argv[1])
    print(f"{ours.kernel}; FAISS {faiss.__version__}; load of the machine {os.getloadavg()[0]:.1f}.")
    print(f"The nearest {MOST}; least times of {TURNS} turns, milliseconds; reading in GB/s; ratios by turn.\n")
    print(
        f"{'bytes':>6}{'codes':>10}{'probes':>8}{'threads':>9}{'Sallyport':>12}{'FAISS':>12} {'':<9}{'ratio of times':>21}"
        f"{'reading':>10}{'share of reading speed':>24}"
    )
    for case in CASES:
        compare(ours, *case)


main()

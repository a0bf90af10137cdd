"""Exact nearest neighbours of float32 vectors: blocks of a matrix product choose, double precision decides.

The product of a block of queries and a block of vectors is only a first look, in single precision, which errs by a known
amount. The best few of each query are computed again in double precision, each pair on its own, so a distance does not
depend on which vectors are beside it; where the first look could have missed one, the query is looked at again with more
candidates. Distances are rounded to 12 places, so that what is equal in exact arithmetic is equal here, and ties go by the
rank that the caller gives each row.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

COSINE, EUCLIDEAN, DOT_PRODUCT = "COSINE", "EUCLIDEAN", "DOT_PRODUCT"
DISTANCE_TYPES = (COSINE, DOT_PRODUCT, EUCLIDEAN)

DIGITS = 12
"""Decimal places of a distance."""

_QUERIES = 256
_VECTORS = 65_536
_GROUP = 32
_SPARE = 8
_ROUNDING = 2.0**-24


@dataclass(frozen=True)
class Neighbours:
    """What was found for some queries: for query ``i`` the rows ``starts[i]`` to ``starts[i + 1]``, nearest first."""

    starts: np.ndarray
    rows: np.ndarray
    distances: np.ndarray


class Vectors:
    """Distinct vectors, in the order in which they first came, and the rows that have each of them."""

    def __init__(self, matrix: np.ndarray, distance_type: str, ranks: np.ndarray | None = None) -> None:
        """``matrix``: float32, one row each; it is kept and overwritten. ``ranks``: each row's rank among ties.

        Under COSINE a vector of zeros has no direction, so its row is no neighbour of any row.
        """
        self.distance_type = distance_type
        rows = np.arange(len(matrix))
        norms = _norms(matrix)
        if distance_type == COSINE and not norms.all():
            some = np.flatnonzero(norms)
            matrix, rows, norms = matrix[some], rows[some], norms[some]
        self.hashes, first, group = _distinct(matrix)
        self.has_twins = len(first) < len(matrix)
        self.matrix = _compact(matrix, first) if self.has_twins else matrix
        self.norms = norms[first]
        self._ranks = np.arange(len(rows)) if ranks is None else ranks
        by_group = np.lexsort((self._ranks[rows], group))
        self._rows = rows[by_group]
        self._ends = np.cumsum(np.bincount(group, minlength=len(first)))
        same_length = len(first) > 0 and float(np.abs(self.norms - 1).max()) < 1e-6
        self._factor = None if same_length or distance_type != COSINE else (1 / self.norms).astype(np.float32)
        self._half_squares = (self.norms**2 / 2).astype(np.float32) if distance_type == EUCLIDEAN else None

    def __len__(self) -> int:
        return len(self.matrix)

    def search(self, queries: np.ndarray, k: int) -> Neighbours:
        """The ``k`` nearest rows of each query (float64, of the vectors' dimension), exactly.

        Under COSINE a query of zeros has no neighbours.
        """
        found = [self._search_block(queries[i : i + _QUERIES], k) for i in range(0, len(queries), _QUERIES)]
        return joined(found)

    def rank(self, queries: np.ndarray, candidates: np.ndarray, k: int) -> Neighbours:
        """The ``k`` nearest rows of each query among its candidates: numbers of distinct vectors, -1 for none."""
        distances = self._distances(queries, candidates)
        return self._rows_of(candidates, distances, k)

    # ------------------------------------------------------------------------------------------------------ one block

    def _search_block(self, queries: np.ndarray, k: int) -> Neighbours:
        k = min(k, max(len(self._rows), 1))
        wanted = min(len(self), k + max(_SPARE, k // 4))
        norms = _norms(queries)
        usable = norms > 0 if self.distance_type == COSINE else np.ones(len(queries), bool)
        candidates = np.full((len(queries), wanted), -1)
        distances = np.full((len(queries), wanted), np.inf)
        open_ = np.flatnonzero(usable) if len(self) else np.array([], int)
        while len(open_):
            asked = queries[open_]
            chosen, floor = self._first_look(asked, wanted)
            measured = self._distances(asked, chosen)
            if candidates.shape[1] < wanted:
                more = ((0, 0), (0, wanted - candidates.shape[1]))
                candidates = np.pad(candidates, more, constant_values=-1)
                distances = np.pad(distances, more, constant_values=np.inf)
            candidates[open_, :wanted], distances[open_, :wanted] = chosen, measured
            if wanted == len(self):
                break
            # What was not chosen is no nearer than this; equal would be a tie that its rank decides.
            beyond = self._nearest_possible(floor, norms[open_])
            kth = np.partition(measured, min(k, wanted) - 1, axis=1)[:, min(k, wanted) - 1]
            open_ = open_[~(kth < beyond)]
            wanted = min(len(self), 4 * wanted)
        return self._rows_of(candidates, distances, k)

    def _first_look(self, queries: np.ndarray, wanted: int) -> tuple[np.ndarray, np.ndarray]:
        """``wanted`` candidates for each query by single-precision scores, and the lowest score among them."""
        asked = queries.astype(np.float32)
        best, scores = np.empty((len(asked), 0), np.int64), np.empty((len(asked), 0), np.float32)
        for start in range(0, len(self), _VECTORS):
            part = self.matrix[start : start + _VECTORS]
            product = asked @ part.T
            if self._factor is not None:
                product *= self._factor[start : start + _VECTORS]
            if self._half_squares is not None:
                product -= self._half_squares[start : start + _VECTORS]
            chosen = _largest(product, wanted)
            best = np.hstack((best, chosen + start))
            scores = np.hstack((scores, np.take_along_axis(product, chosen, 1)))
            if best.shape[1] > wanted:
                kept = np.argpartition(scores, -wanted, axis=1)[:, -wanted:]
                best, scores = np.take_along_axis(best, kept, 1), np.take_along_axis(scores, kept, 1)
        return best, scores.min(axis=1)

    def _nearest_possible(self, floor: np.ndarray, norms: np.ndarray) -> np.ndarray:
        """The least distance that a vector of at most this single-precision score can have."""
        longest = float(self.norms.max())
        length = 1.0 if self.distance_type == COSINE else longest
        error: np.ndarray = (self.matrix.shape[1] + 8) * _ROUNDING * norms * length
        found: np.ndarray
        if self.distance_type == COSINE:
            found = 1 - (floor + error + 2e-6 * norms) / norms
        elif self.distance_type == DOT_PRODUCT:
            found = -(floor + error)
        else:
            error = error + 4 * _ROUNDING * longest**2
            found = np.sqrt(np.maximum(norms**2 - 2 * (floor + error), 0))
        return found

    def _distances(self, queries: np.ndarray, candidates: np.ndarray) -> np.ndarray:
        """Exact distances, infinite where there is no candidate."""
        vectors = self.matrix[candidates].astype(np.float64)
        asked = queries[:, None, :]
        if self.distance_type == EUCLIDEAN:
            made = np.sqrt(((vectors - asked) ** 2).sum(axis=2))
        else:
            products = (vectors * asked).sum(axis=2)
            if self.distance_type == DOT_PRODUCT:
                made = -products
            else:
                lengths = self.norms[candidates] * _norms(queries)[:, None]
                made = 1 - np.divide(products, lengths, out=np.zeros_like(products), where=lengths > 0)
        rounded: np.ndarray = np.round(made, DIGITS) + 0.0
        rounded[candidates < 0] = np.inf
        return rounded

    def _rows_of(self, candidates: np.ndarray, distances: np.ndarray, k: int) -> Neighbours:
        """The best ``k`` rows of each query, from its candidates and their distances."""
        if not self.has_twins:
            ranks = np.where(candidates >= 0, self._ranks[self._rows[candidates]] if len(self) else 0, 0)
            order = np.lexsort((ranks, distances), axis=1)[:, :k]
            made = np.take_along_axis(distances, order, 1)
            rows = self._rows[np.take_along_axis(candidates, order, 1)] if len(self) else order
            there = np.isfinite(made)
            return Neighbours(np.concatenate(([0], there.sum(axis=1).cumsum())), rows[there], made[there])
        counts, parts, far_ones = [0], [], []
        for numbers, measured in zip(candidates, distances, strict=True):
            some = np.isfinite(measured)
            twins = [self._rows[(self._ends[n - 1] if n else 0) : self._ends[n]][:k] for n in numbers[some]]
            found = np.concatenate(twins) if twins else np.array([], np.int64)
            far = np.repeat(measured[some], [len(each) for each in twins])
            order = np.lexsort((self._ranks[found], far))[:k]
            counts.append(len(order))
            parts.append(found[order])
            far_ones.append(far[order])
        return Neighbours(np.cumsum(counts), np.concatenate(parts), np.concatenate(far_ones))


def _largest(scores: np.ndarray, k: int) -> np.ndarray:
    """Columns of the ``k`` largest scores of each row, in no order.

    The largest of each group of columns first: a group without one of the best groups' maxima holds none of the best.
    """
    columns = scores.shape[1]
    if k >= columns:
        return np.broadcast_to(np.arange(columns), scores.shape).copy()
    groups = columns // _GROUP
    if groups < 2 * k:
        return np.argpartition(scores, -k, axis=1)[:, -k:]
    even = groups * _GROUP
    maxima = scores[:, :even].reshape(len(scores), _GROUP, groups).max(axis=1)
    chosen = np.argpartition(maxima, -k, axis=1)[:, -k:]
    members = (chosen[:, :, None] + np.arange(_GROUP) * groups).reshape(len(scores), -1)
    if even < columns:
        rest = np.broadcast_to(np.arange(even, columns), (len(scores), columns - even))
        members = np.hstack((members, rest))
    values = np.take_along_axis(scores, members, 1)
    return np.take_along_axis(members, np.argpartition(values, -k, axis=1)[:, -k:], 1)


def _norms(matrix: np.ndarray) -> np.ndarray:
    """Lengths in double precision."""
    made = np.empty(len(matrix))
    for i in range(0, len(matrix), 8192):
        made[i : i + 8192] = np.sqrt((matrix[i : i + 8192].astype(np.float64) ** 2).sum(axis=1))
    return made


def hashes(matrix: np.ndarray, salt: int = 0) -> np.ndarray:
    """A 64-bit hash of the bytes of each vector."""
    words = np.ascontiguousarray(matrix, np.float32).view(np.uint32)
    weights = np.random.default_rng([20261121, salt]).integers(0, 2**63, words.shape[1], dtype=np.uint64) * 2 + 1
    made = np.empty(len(words), np.uint64)
    for i in range(0, len(words), 2048):
        block = words[i : i + 2048]
        block = (block ^ (block >> np.uint32(15))) * np.uint32(0x85EBCA6B)
        made[i : i + 2048] = (block.astype(np.uint64) * weights).sum(axis=1)
    return made


def _distinct(matrix: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Hashes of the distinct vectors, the row where each first stands, and for each row the number of its vector."""
    for salt in range(8):
        made = hashes(matrix, salt)
        unique, index, inverse = np.unique(made, return_index=True, return_inverse=True)
        order = np.argsort(index)
        numbers = np.empty(len(order), np.int64)
        numbers[order] = np.arange(len(order))
        first, group = index[order], numbers[inverse]
        twins = np.flatnonzero(first[group] != np.arange(len(matrix)))
        if all(
            np.array_equal(matrix[part], matrix[first[group[part]]])
            for part in np.array_split(twins, len(twins) // 8192 + 1)
        ):
            return unique[order], first, group
    raise RuntimeError("Different vectors have the same hash under eight salts.")


def _compact(matrix: np.ndarray, rows: np.ndarray) -> np.ndarray:
    """The given rows, ascending, moved to the front of the same memory."""
    for i in range(0, len(rows), 8192):
        part = rows[i : i + 8192]
        matrix[i : i + len(part)] = matrix[part]
    return matrix[: len(rows)]


def joined(found: list[Neighbours]) -> Neighbours:
    """What was found for blocks of queries, as one."""
    starts, total = [np.array([0])], 0
    for each in found:
        starts.append(each.starts[1:] + total)
        total += int(each.starts[-1])
    if not found:
        return Neighbours(starts[0], np.array([], np.int64), np.array([]))
    return Neighbours(
        np.concatenate(starts), np.concatenate([e.rows for e in found]), np.concatenate([e.distances for e in found])
    )

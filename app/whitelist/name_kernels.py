"""Compiled loops of name blocking: collect terms, shortlist by the rarest, order by the whole cosine.

They release the interpreter lock, so that two threads share the queries, and write only to the arrays they are given.
"""

import numpy as np
import numpy.typing as npt
from numba import njit

# Only so many characters of a text make terms; a longer name than this is not a name.
LONGEST_TEXT = 120
# Bits of a character in a term: three characters fit 64 bits.
BITS = 21

# A query adds up its rarest terms: these few at least, then more while their postings stay within the budget. What is common
# tells names apart badly and costs most; the shortlist is ordered by the whole cosine anyway.
LEAST_TERMS = 4
MOST_POSTINGS = 8_000
SHORTLIST = 64

Codes = npt.NDArray[np.uint32]
Ints = npt.NDArray[np.int64]
Rows = npt.NDArray[np.int32]
Terms = npt.NDArray[np.uint64]
Floats = npt.NDArray[np.float32]
# Starts, slots and squared weights of the queries' terms.
Query = tuple[Ints, Rows, Floats]
# Posting starts, postings and norms of known texts, and how many of all texts have each term.
Postings = tuple[Rows, Rows, Floats, Rows]
# Starts, slots and norms of known texts.
Known = tuple[Ints, Rows, Floats]

compiled = njit(cache=True, nogil=True)


@compiled
def collect(codes: Codes, sounds: Codes, starts: Ints, bag_starts: Ints, terms: Terms) -> int:
    """Write the distinct terms of every text; a mark 1 stands before it and a mark 2 behind it."""
    scratch = np.empty(4 * LONGEST_TEXT + 8, dtype=np.uint64)
    written = 0
    for i in range(len(starts) - 1):
        lo, hi = starts[i], starts[i + 1]
        n = 0
        for at in range(lo - 1, hi) if hi > lo else range(0):
            a = np.uint64(codes[at]) if at >= lo else np.uint64(1)
            b = np.uint64(codes[at + 1]) if at + 1 < hi else np.uint64(2)
            scratch[n] = (a << np.uint64(BITS)) | b
            s = np.uint64(sounds[at]) if at >= lo else np.uint64(1)
            t = np.uint64(sounds[at + 1]) if at + 1 < hi else np.uint64(2)
            scratch[n + 1] = (s << np.uint64(BITS)) | t
            n += 2
            if at + 1 < hi:
                c = np.uint64(codes[at + 2]) if at + 2 < hi else np.uint64(2)
                scratch[n] = (a << np.uint64(BITS)) | c
                scratch[n + 1] = (((a << np.uint64(BITS)) | b) << np.uint64(BITS)) | c
                n += 2
        found = np.sort(scratch[:n])
        for j in range(n):
            if j == 0 or found[j] != found[j - 1]:
                terms[written] = found[j]
                written += 1
        bag_starts[i + 1] = written
    return written


@compiled
def invert(starts: Ints, slots: Rows, terms: int) -> tuple[Rows, Rows]:
    """Answer where the postings of each of `terms` slots start, and the postings: the texts that have it, ascending."""
    posting_starts = np.zeros(terms + 1, dtype=np.int32)
    for at in range(len(slots)):
        posting_starts[slots[at] + 1] += 1
    for slot in range(terms):
        posting_starts[slot + 1] += posting_starts[slot]
    postings = np.empty(len(slots), dtype=np.int32)
    # Each start moves up to the next one's place while its postings are written, and is moved back at the end.
    for text in range(len(starts) - 1):
        for at in range(starts[text], starts[text + 1]):
            postings[posting_starts[slots[at]]] = text
            posting_starts[slots[at]] += 1
    for slot in range(terms, 0, -1):
        posting_starts[slot] = posting_starts[slot - 1]
    posting_starts[0] = 0
    return posting_starts, postings


@compiled
def _insert(row: int, score: np.float32, rows: Rows, scores: Floats, filled: int) -> int:
    """Put a row into its place in a descending list and answer the list's new length; ties go to the lower row."""
    size = len(rows)
    if filled == size:
        if score < scores[size - 1] or (score == scores[size - 1] and row > rows[size - 1]):
            return filled
        place = size - 1
    else:
        place = filled
        filled += 1
    while place > 0 and (score > scores[place - 1] or (score == scores[place - 1] and row < rows[place - 1])):
        scores[place] = scores[place - 1]
        rows[place] = rows[place - 1]
        place -= 1
    scores[place] = score
    rows[place] = row
    return filled


@compiled
def _lift(keys: Ints, q: int, known_keys: Ints, row: int, bonus: np.float32) -> np.float32:
    """Answer the factor for the places that a query and a text agree on."""
    factor = np.float32(1)
    for column in range(keys.shape[1]):
        if keys[q, column] >= 0 and keys[q, column] == known_keys[row, column]:
            factor *= np.float32(1) + bonus
    return factor


@compiled
def _add_rarest(
    slots: Rows,
    squares: Floats,
    counts: Rows,
    posting_starts: Rows,
    postings: Rows,
    sums: Floats,
    touched: Rows,
) -> int:
    """Add up the squared weights of a query's rarest terms over their postings; answer how many texts were touched.

    Rare is what few of all texts have, so that the same terms are added up whichever of them are known here.
    """
    order = np.empty(len(slots), dtype=np.int64)
    seen = 0
    for at in range(len(slots)):
        if slots[at] >= 0:
            order[seen] = (np.int64(counts[slots[at]]) << 32) | at
            seen += 1
    order[:seen].sort()
    n = spent = 0
    for i in range(seen):
        at = order[i] & 0xFFFFFFFF
        size = order[i] >> 32
        if i >= LEAST_TERMS and spent + size > MOST_POSTINGS:
            break
        spent += size
        for p in range(posting_starts[slots[at]], posting_starts[slots[at] + 1]):
            row = postings[p]
            if sums[row] == 0:
                touched[n] = row
                n += 1
            sums[row] += squares[at]
    return n


@compiled
def _shared(slots: Rows, squares: Floats, known: Rows) -> np.float32:
    """Sum the squared weights of the terms that two ascending lists share, in ascending order: symmetric to the bit."""
    total = np.float32(0)
    j = 0
    for i in range(len(slots)):
        while j < len(known) and known[j] < slots[i]:
            j += 1
        if j < len(known) and known[j] == slots[i]:
            total += squares[i]
    return total


@compiled
def shortlist(
    query: Query,
    known: Postings,
    first: int,
    keys: Ints,
    known_keys: Ints,
    bonus: np.float32,
    rows: Rows,
    scores: Floats,
    filled: Rows,
    lo: int,
    hi: int,
) -> None:
    """Put known texts, numbered from `first`, into the lists of the queries lo..hi by their rarest terms, best first."""
    starts, slots, squares = query
    posting_starts, postings, norms, counts = known
    size = rows.shape[1]
    sums = np.zeros(len(norms), dtype=np.float32)
    touched = np.empty(len(norms), dtype=np.int32)
    highest = (np.float32(1) + bonus) ** keys.shape[1] * np.float32(1.000001)
    for q in range(lo, hi):
        mine, weights = slots[starts[q] : starts[q + 1]], squares[starts[q] : starts[q + 1]]
        n = filled[q]
        for t in range(_add_rarest(mine, weights, counts, posting_starts, postings, sums, touched)):
            row = touched[t]
            score = sums[row] / norms[row]
            sums[row] = 0
            # Most texts cannot reach the list even if every place agrees.
            if n < size or score * highest >= scores[q, size - 1]:
                lifted = score * _lift(keys, q, known_keys, row, bonus)
                n = _insert(first + row, lifted, rows[q], scores[q], n)
        filled[q] = n


@compiled
def compare(
    query: Query,
    query_norms: Floats,
    known: Known,
    first: int,
    keys: Ints,
    known_keys: Ints,
    bonus: np.float32,
    rows: Rows,
    cosines: Floats,
    ranks: Floats,
    lo: int,
    hi: int,
) -> None:
    """Write the whole cosines, and those lifted by the place, of the rows in the lists that are known texts from `first` on."""
    starts, slots, squares = query
    known_starts, known_slots, norms = known
    for q in range(lo, hi):
        mine, weights = slots[starts[q] : starts[q + 1]], squares[starts[q] : starts[q + 1]]
        for t in range(rows.shape[1]):
            row = rows[q, t] - first
            if rows[q, t] >= 0 and 0 <= row < len(norms):
                theirs = known_slots[known_starts[row] : known_starts[row + 1]]
                cosine = _shared(mine, weights, theirs) / (query_norms[q] * norms[row])
                cosines[q, t] = min(cosine, np.float32(1))
                ranks[q, t] = cosine * _lift(keys, q, known_keys, row, bonus)


@compiled
def choose(rows: Rows, cosines: Floats, ranks: Floats, best: Rows, best_cosines: Floats) -> None:
    """Choose from the list of each query those of the highest rank, best first; ties go to the lower row."""
    k = best.shape[1]
    highest = np.empty(k, dtype=np.float32)
    for q in range(len(rows)):
        kept = 0
        for t in range(rows.shape[1]):
            if rows[q, t] >= 0:
                kept = _insert(rows[q, t], ranks[q, t], best[q], highest, kept)
        for t in range(kept):
            for place in range(rows.shape[1]):
                if rows[q, place] == best[q, t]:
                    best_cosines[q, t] = cosines[q, place]

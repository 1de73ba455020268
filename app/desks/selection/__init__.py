"""Two-sided selection: rounds, the list that one hands in, the result with its proof, objections."""

"""Core firms' lists: provided by the firm, judged by its coordinator, answered by who is listed, matched for banks."""

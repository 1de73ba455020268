"""What blocks needs, by class with owners, and the matters that public bodies have to settle."""

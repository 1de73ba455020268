"""`python -m app.cli`: the command door without its script, as the server calls it for its worker."""

from app.cli.root import main

if __name__ == "__main__":
    main()

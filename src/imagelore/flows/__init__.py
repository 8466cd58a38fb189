"""The ways through the steps: one flow a file; `ui`, `api` and `cli` render what these return."""

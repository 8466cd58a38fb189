"""The ways through the steps: one flow a file; `ui`, `api` and `cli` render what these return.

A flow's parts are the files that begin with `_`, here in the order in which it passes them:

    ingest      what is to do: `_kinds`, `_listing`, `_naming`, `_fields`, `_plan`
                doing it: `_reading`, `_stages`, in threads by `_overlap`, counted by `_tally`
                what scores mean then: `_calibrate`, with questions of `_snippets`
    describe    `_wanted` says which records; `_describing` asks the model for `_captions` within `_spending`
    search      `_wording` says what is embedded, `_rerank` looks at the hits
    chat        `_understanding` with `_rewrite`, `_recalling`, `_finding` with `_leafing`, `_answering`
    evaluate    a folder of its own; `_located` names records in sets and in feedback
"""

"""Validation, estimation, editing: what a register's raw readings are worth.

    series.py       raw readings, corrections and people's edits -> believed readings, and the steps between them
    days.py         steps -> intervals and days that add up to the register's difference, gaps filled
    estimation.py   the six ways to fill a gap
    rules.py        the sixteen validations, and frozen registers
    book.py         the rules' figures, dated: data/vee.yaml
    judge.py        all of it together, for one meter from a moment on
    files.py        readings from a CSV file, for `yikou meters vee`
    repository.py   loads and stores it, in sets

All but the last are pure. They count in whole numbers, moments in microseconds since 1970 and amounts in millionths of
the unit (as the tables keep them): exact, and several times quicker than datetime and Decimal.
"""

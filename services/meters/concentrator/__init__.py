"""Raw meter frames over TCP: who calls is asked who he is, and what he sends is in the broker before he is told so.

One line of JSON each way, then bytes:

    device  → {"device": "concentrator-01", "secret": "…"}\\n       the credential it has for MQTT; within 10 s, at most 1 KiB
    listener→ {"ok": true}\\n                                       or {"ok": false, "problem": "…"}\\n, and the line is closed
    device  → FE FE FE FE 68 … 16 FE FE FE FE 68 …                 frames, cut anywhere
    listener→ {"confirmed": 4711}\\n                                bytes since the login that are safe; send the rest again

Whoever cannot read answers between its frames adds `"quiet": true` and is told nothing after `ok`; he may lose what was
under way when a process or line broke. Secrets and readings travel in the clear unless `YIKOU_FRAMES_TLS_CERT` and `_KEY` name files.
"""

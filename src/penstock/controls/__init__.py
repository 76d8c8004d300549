"""Controls: what steers and watches the flow from above. Taking this room away leaves a working pipeline.

They plug into the sockets of the flow (``flow.sockets``). Started by ``wiring``.
"""

"""The whole platform on one machine, below one directory: `python -m deploy.local up`.

Everything that runs here is private: own ports, own broker node, own database cluster, loopback only.
A RabbitMQ or PostgreSQL that the machine already runs is never touched.
"""

"""Adapters: the ports on AWS. ClientError codes are translated here and nowhere else."""

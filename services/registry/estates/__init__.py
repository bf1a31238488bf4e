"""Estates over buildings: their record, the homes behind each door, owners, and the handing over of assets."""

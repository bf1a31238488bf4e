"""The grid map as a whole: a report before it is stored, versions with their time, and who walks which grid."""

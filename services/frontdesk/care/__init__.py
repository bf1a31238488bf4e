"""What follows taking in: calls to the applicant, the figures of every clock, petitions, pledges, troubles, who held it."""

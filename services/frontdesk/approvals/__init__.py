"""Access approval (准入): what a place's desk may be asked for, who decided so, and on what ground."""

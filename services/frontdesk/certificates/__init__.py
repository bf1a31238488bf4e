"""The certificate desk (S18.6-7): what is certified and what is not, the document, and the register of seal uses."""

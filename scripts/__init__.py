"""Tools of this tree that are not part of the product."""

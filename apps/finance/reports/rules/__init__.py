"""Pure decisions of the reports: periods, layouts, classes of cash, translation."""

"""The lengths that decide how a formula is written, in names and operations. Each is of one
expression: none counts the lines, the questions or the quantities of an exercise.
"""

# What is not longer is written again rather than named, and a form that is longer by more than this
# is not looked at further.
SHORT = 6
# What is not longer is read at a glance: in it what cancels is worth more than a name.
READABLE = 12
# What is longer is not searched for names: there would be too many ways to read it.
SEARCHED = 24
# What is longer gets a name before it is put into anything, so that nothing is expanded twice.
NAMED = 40
# What is longer, or expands to more monomials, stays as the rules give it.
EXPANDED = 64

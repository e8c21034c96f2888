"""A private name of ipykernel without a public alternative, seen in ipykernel 7.4.0; a test fails when it goes."""


def hear_clicks_while_busy(button):
    """Lets a click on the button arrive while a cell runs.

    JupyterLab sends widget events to a second loop of the kernel (a "subshell"), so that they need not wait for the
    cell. But ipykernel 7 passes them on to the loop that last spoke to the widget, which is the busy one; it remembers
    that loop in this attribute.
    """
    vars(button.comm).pop("_reply_subshell_id", None)

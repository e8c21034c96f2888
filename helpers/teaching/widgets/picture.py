"""A matplotlib figure as a widget that can be redrawn."""

import ipywidgets
import matplotlib.pyplot as plt
from IPython.core.pylabtools import print_figure

from helpers.figure_style import alt_text, image_html, new_axes


class Picture(ipywidgets.HTML):
    """Shows one or more Axes of one figure, with alt text. Change the Axes, then call `draw()`."""

    def __init__(self, width, columns=1):
        super().__init__()
        self.axes = new_axes(width, 3.5, columns)
        self.figure = (self.axes if columns == 1 else self.axes[0]).figure
        plt.close(self.figure)  # else the notebook would show it a second time at the end of the cell

    def draw(self):
        for ax in self.figure.axes:
            ax.yaxis.set_tick_params(labelleft=True)  # also where the axis is shared
        png = print_figure(self.figure, "png", bbox_inches=None, dpi=80)
        self.value = image_html(png, alt_text(self.figure))

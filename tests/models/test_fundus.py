"""Photographs of the back of the eye are made alike: light is taken out, and the disc is found and cut out."""

import numpy as np

from models.fundus import CROPS, SIDE, disc, views, without_light
from models.tasks.glaucoma.drawing import draw
from models.tasks.glaucoma.looking import joined


def test_the_disc_of_a_drawn_photograph_is_found_on_either_side() -> None:
    photos = draw(12, 3).x
    sides = set()
    for photo in photos:
        row, column = disc(photo)
        bright = np.argwhere(photo[..., 2] >= np.quantile(photo[..., 2], 0.998)).mean(axis=0)  # the pale cup
        assert np.hypot(row - bright[0], column - bright[1]) < 14
        sides.add(column > SIDE / 2)
    assert sides == {True, False}


def test_an_even_light_over_a_photograph_makes_next_to_no_difference() -> None:
    photo = draw(1, 3).x[0]
    ramp = np.linspace(0.75, 1, SIDE)[None, :, None]
    darker = (photo * ramp).astype(np.uint8)
    inside = (darker.max(axis=2) > 40) & (photo.max(axis=2) > 40)
    away = np.abs(without_light(photo).astype(int) - without_light(darker))[inside]
    assert np.abs(photo.astype(int) - darker)[inside].mean() > 10 > 1.5 * away.mean()


def test_views_are_the_whole_and_two_crops_and_a_black_frame_has_them_too() -> None:
    shapes = [(SIDE, SIDE, 3), *((size, size, 3) for size in CROPS)]
    for photo in (draw(1, 5).x[0], np.zeros((SIDE, SIDE, 3), np.uint8)):
        assert [view.shape for view in views(photo)] == shapes


def test_what_a_crop_looked_at_is_laid_where_it_was_cut_out() -> None:
    photo = draw(1, 3).x[0]
    maps = np.zeros((3, 6, 6), np.float32)
    maps[1, 2:4, 2:4] = 1
    found = joined(maps, photo)
    row, column = np.unravel_index(int(found.argmax()), found.shape)
    at = np.array(disc(photo)) * found.shape[0] / SIDE
    assert np.abs(np.array([row, column]) - at).max() < 4 and found.shape[0] == found.shape[1]

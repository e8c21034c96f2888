import math

import pytest
import torch

from helpers.models import (
    EmbeddingClassifier,
    LSTMClassifier,
    PaperRecipe,
    TransformerClassifier,
    last_attention,
    masked_mean,
    sinusoids,
)

MODELS = {
    "embedding": lambda: EmbeddingClassifier(20, 3),
    "LSTM": lambda: LSTMClassifier(20, 3, dropout=0.2),
    "LSTM, one direction": lambda: LSTMClassifier(20, 3, bidirectional=False),
    "LSTM, one layer": lambda: LSTMClassifier(20, 3, n_layers=1, dropout=0.2),
    "Transformer": lambda: TransformerClassifier(20, 3, 9),
    "Transformer, norm last, max": lambda: TransformerClassifier(20, 3, 9, norm_first=False, pooling="max"),
}


@pytest.fixture(params=MODELS)
def model(request):
    torch.manual_seed(0)
    return MODELS[request.param]().eval()


def test_one_row_of_scores_for_each_text(model):
    assert model(torch.randint(1, 20, (5, 9))).shape == (5, 3)


def test_padding_changes_no_prediction(model):
    tokens = torch.randint(1, 20, (5, 6))
    padded = torch.nn.functional.pad(tokens, (0, 3))
    assert torch.allclose(model(tokens), model(padded), atol=1e-5)


def test_a_text_does_not_change_its_neighbours(model):
    tokens = torch.randint(1, 20, (5, 6))
    assert torch.allclose(model(tokens)[:2], model(tokens[:2]), atol=1e-5)


@pytest.mark.parametrize("name", ["LSTM", "Transformer"])
def test_the_order_of_the_words_counts(name):
    torch.manual_seed(0)
    model, tokens = MODELS[name]().eval(), torch.tensor([[3, 4, 5, 6]])
    assert not torch.allclose(model(tokens), model(tokens.flip(1)), atol=1e-4)


def test_the_embedding_classifier_is_a_bag_of_words():
    model, tokens = EmbeddingClassifier(20, 3).eval(), torch.tensor([[3, 4, 5, 6]])
    assert torch.allclose(model(tokens), model(tokens.flip(1)), atol=1e-6)


def test_masked_mean_leaves_padding_out_and_survives_an_empty_text():
    states = torch.tensor([[[2.0], [4.0], [100.0]], [[7.0], [7.0], [7.0]]])
    is_token = torch.tensor([[True, True, False], [False, False, False]])
    assert masked_mean(states, is_token).tolist() == [[3.0], [0.0]]


def test_sinusoids_follow_the_paper():
    signal = sinusoids(50, 8)
    for position, i in [(0, 0), (7, 1), (49, 3)]:
        angle = position / 10_000 ** (2 * i / 8)
        assert signal[position, 2 * i].item() == pytest.approx(math.sin(angle), abs=1e-4)
        assert signal[position, 2 * i + 1].item() == pytest.approx(math.cos(angle), abs=1e-4)


class Data:
    vocab_size, n_classes, max_length = 54, 7, 7


def test_the_papers_recipe_has_the_papers_numbers():
    recipe = PaperRecipe()
    model = recipe.model(Data)
    layer = model.encoder.layers[0]
    assert len(model.encoder.layers) == 6
    assert (layer.self_attn.embed_dim, layer.self_attn.num_heads, layer.linear1.out_features) == (512, 8, 2048)
    assert (layer.dropout.p, layer.norm_first, recipe.label_smoothing) == (0.1, False, 0.1)
    settings = recipe.optimizer(model).param_groups[0]
    assert (settings["betas"], settings["eps"]) == ((0.9, 0.98), 1e-9)


def test_the_papers_schedule_rises_for_4000_steps_and_then_falls():
    recipe = PaperRecipe()
    rates = [recipe.learning_rate(step) for step in range(1, 10_000)]
    assert rates.index(max(rates)) + 1 == 4_000
    assert max(rates) == pytest.approx((512 * 4_000) ** -0.5)
    assert rates[999] == pytest.approx(max(rates) / 4)


def test_the_schedule_reaches_the_optimizer():
    recipe = PaperRecipe(width=1 / 8)
    optimizer = recipe.optimizer(torch.nn.Linear(1, 1))
    schedule = recipe.schedule(optimizer)
    for step in (1, 2, 3):
        assert optimizer.param_groups[0]["lr"] == pytest.approx(recipe.learning_rate(step))
        optimizer.step()
        schedule.step()


def test_a_shorter_warmup_has_a_higher_peak_unless_the_factor_undoes_it():
    peak = (512 * 4_000) ** -0.5
    assert PaperRecipe(warmup=400).learning_rate(400) == pytest.approx(10**0.5 * peak)
    assert PaperRecipe(warmup=400, factor=0.1**0.5).learning_rate(400) == pytest.approx(peak)


def test_changes_of_the_recipe():
    recipe = PaperRecipe(width=1 / 8, n_layers=2, norm_first=True, constant_lr=0.001)
    model = recipe.model(Data)
    assert (recipe.d_model, recipe.d_ff, len(model.encoder.layers)) == (64, 256, 2)
    assert model.encoder.layers[0].norm_first
    assert recipe.learning_rate(1) == recipe.learning_rate(5_000) == 0.001


@pytest.mark.parametrize("norm_first", [False, True])
def test_attention_is_a_share_and_leaves_padding_alone(norm_first):
    model = TransformerClassifier(20, 3, 6, norm_first=norm_first)
    tokens = torch.tensor([[2, 3, 4, 5, 6, 7], [2, 3, 4, 0, 0, 0]])
    attention = last_attention(model, tokens)
    assert attention.sum(dim=1).tolist() == pytest.approx([1, 1])
    assert attention[1, 3:].tolist() == [0, 0, 0]
    assert (attention[0] > 0).all()
    assert attention[1, :3].tolist() == pytest.approx(last_attention(model, tokens[1:, :3])[0].tolist(), abs=1e-5)


def test_attention_goes_to_what_the_last_layer_asks_for():
    """With keys that grow with one feature of the state, the token that has most of it gets all the attention."""
    model = TransformerClassifier(20, 3, 3, d_model=8, n_heads=1, n_layers=1, norm_first=False)
    with torch.no_grad():
        model.positions.zero_()
        model.embedding.weight.zero_()
        model.embedding.weight[5, 0] = 1.0
        query, key = model.encoder.layers[0].self_attn.in_proj_weight[:16].split(8)
        query.zero_()
        key.zero_()
        key[0, 0] = 30.0
        model.encoder.layers[0].self_attn.in_proj_bias[0] = 30.0
    attention = last_attention(model, torch.tensor([[3, 5, 4]]))
    assert attention[0].tolist() == pytest.approx([0, 1, 0], abs=1e-3)

"""The models of notebook 02, and the paper's recipe.

All models take token ids (batch, length), 0 where padded, and return logits (batch, n_classes).
"""

import math

import torch
from torch import nn

PAD = 0


def masked_mean(states, is_token):
    """Averages states (batch, length, size) over the real tokens, marked True in is_token (batch, length)."""
    weights = is_token.unsqueeze(-1).float()
    return (states * weights).sum(dim=1) / weights.sum(dim=1).clamp(min=1)


class EmbeddingClassifier(nn.Module):
    """Embedding, dropout, mean over the tokens, linear layer: a bag-of-words model."""

    def __init__(self, vocab_size, n_classes, hidden_size=200, dropout=0.5):
        super().__init__()
        self.embedding = nn.Embedding(vocab_size, hidden_size, padding_idx=PAD)
        self.dropout = nn.Dropout(dropout)
        self.linear = nn.Linear(hidden_size, n_classes)

    def forward(self, tokens):
        states = self.dropout(self.embedding(tokens))  # (batch, length, hidden_size)
        return self.linear(masked_mean(states, tokens != PAD))  # (batch, n_classes)


class LSTMClassifier(nn.Module):
    """An LSTM reads the text; its last state (one per direction) is classified."""

    def __init__(self, vocab_size, n_classes, embedding_dim=64, hidden_size=96, n_layers=2,
                 bidirectional=True, dropout=0.0):
        super().__init__()
        self.embedding = nn.Embedding(vocab_size, embedding_dim, padding_idx=PAD)
        self.dropout = nn.Dropout(dropout)
        self.lstm = nn.LSTM(embedding_dim, hidden_size, n_layers, batch_first=True,
                            bidirectional=bidirectional, dropout=dropout if n_layers > 1 else 0.0)
        self.directions = 2 if bidirectional else 1
        self.linear = nn.Linear(self.directions * hidden_size, n_classes)

    def forward(self, tokens):
        states = self.dropout(self.embedding(tokens))  # (batch, length, embedding_dim)
        lengths = (tokens != PAD).sum(dim=1).clamp(min=1)
        packed = nn.utils.rnn.pack_padded_sequence(states, lengths, batch_first=True, enforce_sorted=False)
        _, (last, _) = self.lstm(packed)  # (n_layers * directions, batch, hidden_size)
        last = torch.cat(list(last[-self.directions :]), dim=1)  # (batch, directions * hidden_size)
        return self.linear(self.dropout(last))  # (batch, n_classes)


def sinusoids(length, d_model):
    """The positional encoding of Vaswani et al. 2017, section 3.5: (length, d_model), sines and cosines."""
    position = torch.arange(length).unsqueeze(1)
    rate = torch.exp(torch.arange(0, d_model, 2) * (-math.log(10_000) / d_model))
    return torch.stack([torch.sin(position * rate), torch.cos(position * rate)], dim=2).flatten(1)


class TransformerClassifier(nn.Module):
    """A Transformer encoder; its states are pooled over the tokens (mean or max) and classified."""

    def __init__(self, vocab_size, n_classes, max_length, d_model=64, n_heads=4, n_layers=2, d_ff=256,
                 dropout=0.1, norm_first=True, pooling="mean"):
        super().__init__()
        self.embedding = nn.Embedding(vocab_size, d_model, padding_idx=PAD)
        nn.init.normal_(self.embedding.weight, std=d_model**-0.5)
        self.register_buffer("positions", sinusoids(max_length, d_model))
        self.dropout = nn.Dropout(dropout)
        layer = nn.TransformerEncoderLayer(d_model, n_heads, d_ff, dropout, batch_first=True, norm_first=norm_first)
        last_norm = nn.LayerNorm(d_model) if norm_first else None
        self.encoder = nn.TransformerEncoder(layer, n_layers, last_norm, enable_nested_tensor=False)
        self.pooling = pooling
        self.linear = nn.Linear(d_model, n_classes)

    def forward(self, tokens):
        is_token = tokens != PAD
        states = self.embedding(tokens) * math.sqrt(self.embedding.embedding_dim)
        states = self.dropout(states + self.positions[: tokens.shape[1]])  # (batch, length, d_model)
        states = self.encoder(states, src_key_padding_mask=~is_token)  # (batch, length, d_model)
        if self.pooling == "mean":
            return self.linear(masked_mean(states, is_token))  # (batch, n_classes)
        states = states.masked_fill(~is_token.unsqueeze(-1), -math.inf)
        return self.linear(states.max(dim=1).values)  # (batch, n_classes)


def last_attention(model, tokens):
    """The attention of the last layer of a TransformerClassifier to each token: (batch, length), each row sums to 1.

    It is the mean over heads and over attending tokens. tokens: (batch, length) token ids.
    """
    layer, inputs = model.encoder.layers[-1], []
    hook = layer.register_forward_pre_hook(lambda _, arguments: inputs.append(arguments[0]))
    is_token = tokens != PAD
    model.eval()
    with torch.inference_mode():
        model(tokens)
        hook.remove()
        states = layer.norm1(inputs[0]) if layer.norm_first else inputs[0]
        _, weights = layer.self_attn(states, states, states, key_padding_mask=~is_token)  # (batch, length, length)
    return masked_mean(weights, is_token)


class PaperRecipe:
    """The Transformer as Vaswani et al. 2017 train it (sections 3 and 5), with a linear layer on top to classify.

    Post-norm encoder, 6 layers, 8 heads, d_model 512, feed-forward 2048, dropout 0.1, label smoothing 0.1,
    Adam with betas (0.9, 0.98) and eps 1e-9, the inverse-square-root schedule with 4,000 warm-up steps.
    width: a factor on d_model and the feed-forward size; 1/8 for a CPU (d_model 64, feed-forward 256).
    The other arguments change one setting each. factor: multiplies the whole schedule (a shorter warm-up raises
    the peak learning rate; (warmup / 4000) ** 0.5 undoes that). constant_lr: replaces the schedule.
    """

    label_smoothing = 0.1

    def __init__(self, width=1.0, n_layers=6, norm_first=False, warmup=4_000, factor=1.0, constant_lr=None):
        self.d_model, self.d_ff = int(512 * width), int(2048 * width)
        self.n_layers, self.norm_first = n_layers, norm_first
        self.warmup, self.factor, self.constant_lr = warmup, factor, constant_lr

    def model(self, data):
        return TransformerClassifier(
            data.vocab_size, data.n_classes, data.max_length, self.d_model, 8, self.n_layers, self.d_ff,
            dropout=0.1, norm_first=self.norm_first)

    def optimizer(self, model):
        return torch.optim.Adam(model.parameters(), lr=1.0, betas=(0.9, 0.98), eps=1e-9)

    def learning_rate(self, step):
        """The learning rate at a step, counted from 1: it rises for `warmup` steps, then falls."""
        if self.constant_lr is not None:
            return self.constant_lr
        return self.factor * self.d_model**-0.5 * min(step**-0.5, step * self.warmup**-1.5)

    def schedule(self, optimizer):
        return torch.optim.lr_scheduler.LambdaLR(optimizer, lambda done: self.learning_rate(done + 1))

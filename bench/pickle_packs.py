"""Write the tables of `src/lading/pickles/names` for libraries beside the large ones: exact names, each class with its checks made here.

Run with a Python that has some of the libraries: `python bench/pickle_packs.py [PACK…]`. A class is listed when nothing that unpickling calls of it (its
`__setstate__`, `__new__`, item setters, `__del__`, …) holds a word that stands for an effect; what does is printed, to be read by a person, and left out.
Names that are in a table stay there, so that one run for each of several releases adds up.
"""

import contextlib
import enum
import importlib
import inspect
import pkgutil
import re
import sys
import warnings
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

NAMES = Path(__file__).parent.parent / "src" / "lading" / "pickles" / "names"
ARCHITECTURES = tuple(
    rf"transformers\.models\.{name}\.(configuration|modeling|tokenization)_"
    for name in [
        "bert",
        "gpt2",
        "llama",
        "mistral",
        "qwen2",
        "t5",
        "distilbert",
        "roberta",
        "xlm_roberta",
        "vit",
        "clip",
        "whisper",
        "wav2vec2",
        "bart",
        "opt",
    ]
)
PACKS = {
    "statsmodels": ("statsmodels", ("statsmodels", "patsy", "formulaic", "interface_meta"), ()),
    "gensim": ("gensim", ("gensim",), ()),
    "imblearn": ("imbalanced-learn", ("imblearn",), ()),
    "category_encoders": ("category_encoders", ("category_encoders",), ()),
    "lifelines": ("lifelines", ("lifelines", "autograd"), ()),
    "hmmlearn": ("hmmlearn", ("hmmlearn",), ()),
    "clustering": ("hdbscan", ("hdbscan", "umap", "pynndescent"), ()),
    "networkx": ("networkx", ("networkx",), ("networkx.classes",)),
    "nltk": ("nltk", ("nltk",), ("nltk.tokenize", "nltk.probability", "nltk.tag", "nltk.stem", "nltk.classify", "nltk.tree", "nltk.lm", "nltk.util", "nltk.chunk", "nltk.collocations", "nltk.text", "nltk.metrics")),
    "surprise": ("scikit-surprise", ("surprise",), ()),
    "prophet": ("prophet", ("prophet", "cmdstanpy", "stanio"), ("prophet.forecaster", "prophet.models", "cmdstanpy.cmdstan_args", "cmdstanpy.compilation", "cmdstanpy.model", "cmdstanpy.stanfit", "stanio")),
    "vision": ("torchvision", ("torchvision",), ("torchvision.models", "torchvision.ops", "torchvision.transforms", "torchvision.tv_tensors")),
    "timm": ("timm", ("timm",), ("timm.layers", "timm.models", "timm.data.transforms", "timm.data.random_erasing", "timm.data.auto_augment", "timm.data.mixup", "timm.scheduler", "timm.optim", "timm.loss", "timm.utils.model_ema")),
    "diffusers": ("diffusers", ("diffusers",), ("diffusers.schedulers", "diffusers.configuration_utils")),
    "peft": ("peft", ("peft",), ("peft.tuners", "peft.utils.peft_types", "peft.config", "peft.peft_model", "peft.mapping")),
    "sentence_transformers": ("sentence-transformers", ("sentence_transformers",), ("sentence_transformers.models", "sentence_transformers.sentence_transformer.model", "sentence_transformers.sentence_transformer.modules", "sentence_transformers.base.modules", "sentence_transformers.base.modality", "sentence_transformers.base.model", "sentence_transformers.cross_encoder.model", "sentence_transformers.SentenceTransformer", "sentence_transformers.cross_encoder.CrossEncoder")),
    "accelerate": ("accelerate", ("accelerate",), ("accelerate.utils.dataclasses", "accelerate.state", "accelerate.scheduler", "accelerate.optimizer")),
    "omegaconf": ("omegaconf", ("omegaconf",), ()),
    "lightning": ("lightning", ("lightning", "lightning_fabric", "pytorch_lightning", "torchmetrics"), ("lightning.fabric.utilities", "lightning.pytorch.utilities", "lightning.pytorch.callbacks", "torchmetrics")),
    "torchao": ("torchao", ("torchao",), ("torchao.quantization", "torchao.dtypes", "torchao.float8")),
    "spacy": ("spacy", ("spacy", "thinc"), ("spacy.attrs", "spacy.symbols", "spacy.tokens")),
    "optax": ("optax", ("optax",), ("optax",)),
    "ultralytics": ("ultralytics", ("ultralytics",), ("ultralytics.nn", "ultralytics.utils.loss", "ultralytics.utils.tal")),
    "segmentation_models": ("segmentation-models-pytorch", ("segmentation_models_pytorch",), ()),
    "tabnet": ("pytorch-tabnet", ("pytorch_tabnet",), ()),
    "feature_engine": ("feature-engine", ("feature_engine",), ()),
    "mlxtend": ("mlxtend", ("mlxtend",), ()),
    "pyod": ("pyod", ("pyod",), ("pyod.models", "pyod.utils")),
    "tslearn": ("tslearn", ("tslearn",), ()),
    "shap": ("shap", ("shap", "slicer"), ("shap._explanation", "shap.explainers", "shap.maskers", "slicer")),
    "optuna": ("optuna", ("optuna",), ("optuna.samplers", "optuna.distributions", "optuna.trial", "optuna.study", "optuna.pruners", "optuna.storages._in_memory", "optuna.search_space")),
    "ngboost": ("ngboost", ("ngboost",), ()),
    "mapie": ("mapie", ("mapie",), ()),
    "river": ("river", ("river",), ()),
    "pmdarima": ("pmdarima", ("pmdarima",), ()),
    "reinforcement": ("stable-baselines3", ("gymnasium", "stable_baselines3"), ("gymnasium.spaces", "stable_baselines3.(a2c|ddpg|dqn|ppo|sac|td3).policies", "stable_baselines3.common.(type_aliases|running_mean_std|vec_env.vec_normalize|buffers|torch_layers|policies|distributions|utils|noise)")),
    "sktime": ("sktime", ("sktime",), ("sktime.forecasting.(naive|trend|theta|arima|ets|exp_smoothing|compose|base)", "sktime.transformations.series", "sktime.datatypes._dtypekind")),
    "fairness": ("fairlearn", ("fairlearn",), ("fairlearn.reductions", "fairlearn.postprocessing", "fairlearn.preprocessing", "fairlearn.metrics", "fairlearn.utils")),
    "econml": ("econml", ("econml",), ()),
    "causalml": ("causalml", ("causalml",), ("causalml.inference.(meta|tree)", "causalml.propensity", "causalml.feature_selection")),
    "flaml": ("flaml", ("flaml",), (r"flaml\.automl\.(model|state|data|ml|task|contrib|spark|time_series)", "flaml.tune", "flaml.config")),
    "interpret": ("interpret-core", ("interpret",), ("interpret.glassbox", "interpret.api", "interpret.utils", "interpret.data")),
    "survival": ("scikit-survival", ("sksurv",), ()),
    "skimage": ("scikit-image", ("skimage",), ("skimage.transform", "skimage.feature", "skimage.measure.fit", "skimage.metrics", "skimage.segmentation")),
    "pygam": ("pygam", ("pygam",), ()),
    "linearmodels": ("linearmodels", ("linearmodels",), ()),
    "gplearn": ("gplearn", ("gplearn",), ()),
    "implicit": ("implicit", ("implicit",), ("implicit.(als|bpr|lmf|nearest_neighbours|cpu|recommender_base|_nearest)",)),
    "nixtla": ("statsforecast", ("statsforecast", "mlforecast", "coreforecast", "utilsforecast"), ()),
    "dask": ("dask-ml", ("dask_ml", "dask_glm"), ("dask_ml.(preprocessing|linear_model|wrappers|cluster|decomposition|naive_bayes|impute|compose|feature_extraction|_partial)", "dask_glm.estimators")),
    "search": ("scikit-optimize", ("skopt", "hyperopt", "bayes_opt", "deap", "emcee", "sklearn_genetic"), ("skopt", r"hyperopt\.base", "bayes_opt", r"deap\.(tools|base)", "emcee.state", r"emcee\.(moves|backends\.backend)", r"sklearn_genetic\.(space|genetic_search)")),
    "crf": ("sklearn-crfsuite", ("sklearn_crfsuite", "pycrfsuite"), (r"sklearn_crfsuite\.estimator", "pycrfsuite._logparser")),
    "series": ("pyts", ("pyts", "aeon", "tsfresh"), ("pyts", r"aeon\.(classification|regression|clustering|transformations|base|forecasting|distances|anomaly_detection)(?!.*(deep_learning|self_supervised))", r"tsfresh\.(transformers|feature_extraction\.settings)")),
    "scikit_more": ("scikit-lego", ("sklego", "skrub", "quantile_forest", r"skmultilearn\.(?!ext)", "sklearn_extra", "kmodes", "minisom"), (r"sklego\.(linear_model|mixture|meta|preprocessing|naive_bayes|neighbors|decomposition|dummy|feature_selection|model_selection)", r"skrub\._(?!data_ops|expressions|config|dataframe|utils|repr|reporting)", "quantile_forest", r"skmultilearn\.(?!ext)", "sklearn_extra", "kmodes", "minisom")),
    "recommend": ("cornac", ("cornac", "rank_bm25", "bm25s"), (r"cornac\.(models|data|utils)", "rank_bm25", "bm25s")),
    "graphical": ("pgmpy", ("pgmpy",), (r"pgmpy\.(models|factors|base|independencies|estimators)",)),
    "documents": ("langchain-core", ("langchain_core", "langchain_community"), (r"langchain_core\.(documents\.base|messages)", r"langchain_community\.docstore\.(in_memory|base)")),
    "xarray": ("xarray", ("xarray", "arviz"), (r"xarray\.core\.(dataset|dataarray|variable|indexes|coordinates)$", r"arviz\.data\.inference_data")),
    "boosting_more": ("skorch", ("skorch",), (r"skorch\.(history|callbacks|dataset|scoring)",)),
    "pyg": ("torch_geometric", ("torch_geometric",), (r"torch_geometric\.data\.(data|hetero_data|batch|storage)$",)),
    "darts": ("darts", ("darts",), (r"darts\.(models|timeseries|dataprocessing|utils\.(likelihood_models|data|ts_utils|utils|torch|missing_values))",)),
    "forecasting": ("pytorch-forecasting", ("pytorch_forecasting", "neuralforecast"), (r"pytorch_forecasting\.(data|models|metrics|utils|layers)", r"neuralforecast\.(models|losses|common|core|auto|tsdataset)")),
    "monai": ("monai", ("monai",), (r"monai\.(networks|losses|data\.(meta_tensor|meta_obj)|utils\.(enums|misc)|inferers)",)),
    "gpytorch": ("gpytorch", ("gpytorch", "linear_operator", "botorch"), ("gpytorch", r"linear_operator\.operators", r"botorch\.(models|acquisition|utils|posteriors)")),
    "layers": ("x-transformers", ("x_transformers", "vit_pytorch", "rotary_embedding_torch", "einops", "pytorch_metric_learning", "kornia", "open_clip", "torchio"), ("x_transformers", "vit_pytorch", "rotary_embedding_torch", r"einops\.(layers|einops|parsing|packing)", r"pytorch_metric_learning\.(losses|miners|distances|reducers|regularizers|utils)", r"kornia\.(augmentation|feature|geometry|losses|constants|core|filters)", r"open_clip\.(model|transformer|coca_model|timm_model|hf_model|modified_resnet|loss|tokenizer|transform|pos_embed)", r"torchio\.transforms")),
    "speech": ("speechbrain", ("speechbrain", "whisper", "demucs", "pyannote"), (r"speechbrain\.(lobes|nnet|processing|dataio\.encoder)", r"whisper\.model", r"demucs\.(demucs|hdemucs|htdemucs|transformer|apply)", r"pyannote\.audio\.core\.(model|task)")),
    "ocr": ("easyocr", ("easyocr", "doctr"), (r"easyocr\.model", r"doctr\.models\.(?!zoo|predictor|factory)")),
    "flair": ("flair", ("flair",), (r"flair\.(data|embeddings|models|nn|tokenization|training_utils|distributed_utils)",)),
    "graphs_and_more": ("pykeen", ("pykeen", "transformer_lens", "litgpt"), (r"pykeen\.(models|triples|nn\.(?!text)|regularizers|losses|typing|utils|inverse|initializers|constants)", r"transformer_lens\.(HookedTransformer|components|hook_points|factored_matrix|hooked_transformer|config)", r"litgpt\.(model|config)")),
    "trl": ("trl", ("trl", "setfit", "bertopic"), (r"trl\.trainer\..*config", "trl.experimental.*config", r"setfit\.(training_args|model_card|data)", r"bertopic\.(_bertopic|vectorizers|backend|cluster|dimensionality|representation\._(base|keybert|mmr|pos))")),
    "quantized": ("optimum-quanto", ("optimum", "bitsandbytes"), (r"optimum\.quanto\.(tensor|nn|calibrate)", r"bitsandbytes\.(nn|functional|optim)")),
    "sklearn_old": ("scikit-learn", ("sklearn",), ()),
    "torch_more": ("torch", ("torch",), ("torch.ao.nn", "torch.ao.quantization", "torch.distributed.tensor", "torch.distributed._tensor", "torch.distributed.checkpoint.metadata", "torch.distributed.device_mesh", "torch.distributed.fsdp", "torch.distributed._shard", "torch.distributed.checkpoint.planner", "torch.nn.quantized", "torch.quantization", "torch.masked.maskedtensor", "torch.nested._internal.nested_tensor", "torch.amp", "torch.cuda.amp", "torch.utils.data.dataset", "torch.utils.data.sampler", "torch.utils.data.dataloader", "torch.nn.parallel", "torch.nn.attention")),
    "transformers_models": ("transformers", ("transformers",), ("transformers.modeling_outputs", "transformers.cache_utils", "transformers.tokenization_utils", "transformers.activations", "transformers.trainer_pt_utils", "transformers.utils.generic", "transformers.modeling_rope_utils", "transformers.pytorch_utils", "transformers.optimization", "transformers.trainer_callback", "transformers.utils.quantization_config", "transformers.image_processing", "transformers.feature_extraction", "transformers.data.data_collator", "transformers.integrations.sdpa")),
    "transformers_configurations": ("transformers", ("transformers",), (r"transformers\.models\.\w+\.configuration_",)),
    "transformers_more": ("transformers", ("transformers",), (r"transformers\.models\.\w+\.modeling_(?!tf_|flax_)",)),
    "transformers_architectures": ("transformers", ("transformers",), ARCHITECTURES),
}  # fmt: skip
"""The file, the release that is named in it, the packages, and the modules of them (all where none are named)."""
LEFT_OUT = re.compile(
    r"(^|[._])(externals|wrappers|distributed|dowhy|trt_compiler|tests?|testing|conftest|datasets|downloader|examples?|benchmarks?|cli|commands|__main__|graphics|plotting|plots?|experimental|onnx|tensorflow|_tf_|flax|backends|autobackend)([._]|$)"
)
CALLED = ("__new__", "__setstate__", "__setattr__", "__setitem__", "append", "extend", "add", "__del__", "__getattr__", "__getattribute__",
          "__hash__", "__eq__", "__instancecheck__", "__set_name__", "_missing_")  # fmt: skip
"""What an unpickler calls of a class, by itself or for the containers that hold its objects."""
EFFECT = re.compile(
    r"\b(open|exec|eval|compile|__import__|import_module|subprocess|os\.\w+|system|popen|load\w*|unlink|remove|rmtree|socket|urlopen|requests|download\w*|write\w*|"
    r"cleanup|close|\w*template\w*|from_\w+|__init__|setter|_init_state|"
    r"shutil|tempfile|pickle|ctypes|dmatri\w+|getattr|setattr|globals|__dict__\[|register\w*|hook\w*|call|patsy|import)\b"
)
TRUSTED = ("builtins", "abc", "enum", "collections", "typing", "torch.nn.modules.module", "torch.optim.optimizer", "sklearn.base", "numpy", "torch._tensor", "torch._C",
           "sklearn.utils", "torch.nn.modules", "dataclasses", "_thread", "pandas", "types", "contextlib", "functools", "torch.utils.data")  # fmt: skip

REVIEWED = (
    "botorch.posteriors.torch.TorchPosterior.__getattr__",
    "pytorch_forecasting.data.encoders.MultiNormalizer.__getattr__",
    "pytorch_forecasting.metrics.base_metrics._base_metrics.MultiLoss.__getattr__",
    "skbase.base._base.BaseObject.__eq__",
    "torch_geometric.data.data.BaseData.",
    "torch_geometric.data.data.Data.",
    "torch_geometric.data.hetero_data.HeteroData.",
    "torch_geometric.data.storage.BaseStorage.",
    "torchmetrics.metric.Metric.__hash__",
    "arviz.data.inference_data.InferenceData.",
    "einops.layers.",
    "econml.inference._inference.BootstrapInference.__getattr__",
    "econml.sklearn_extensions.linear_model.SelectiveRegularization.",
    "econml.sklearn_extensions.linear_model._PairedEstimatorWrapper.",
    "econml.sklearn_extensions.model_selection.SingleModelSelector.__getattr__",
    "pydantic.main.BaseModel.__eq__",
    "pydantic.main.BaseModel.__setattr__",
    "pygam.terms.MetaTermMixin.",
    "xarray.core.common.AttrAccessMixin.__getattr__",
    "xarray.core.dataset.Dataset.__setitem__",
    "autograd.core.VSpace.add",
    "gymnasium.spaces.discrete.Discrete.__setstate__",
    "gymnasium.spaces.space.Space.__setstate__",
    "ngboost.distns.",
    "optuna.trial._frozen.FrozenTrial.__hash__",
    "optuna.distributions.CategoricalDistribution.__eq__",
    "sktime.base._base.BaseObject.__eq__",
    "sktime.forecasting.base._fh.ForecastingHorizon.__new__",
    "slicer.slicer.Slicer.__setattr__",
    "huggingface_hub.repocard_data.CardData.__setitem__",
    "lifelines.fitters.coxph_fitter.CoxPHFitter.__getattr__",
    "peft.peft_model.PeftModel.__getattr__",
    "peft.tuners.tuners_utils.BaseTuner.__getattr__",
    "sentence_transformers.base.model_card.BaseModelCardData.__setattr__",
    "sentence_transformers.base.modules.module.Module.__getattr__",
    "statsmodels.base.wrapper.ResultsWrapper.__getattribute__",
    "statsmodels.tsa.ar_model.AutoRegResults.append",
    "statsmodels.tsa.statespace.kalman_filter.PredictionResults.__getattr__",
    "statsmodels.tsa.statespace.representation.Representation.__setitem__",
    "statsmodels.tsa.statespace.representation.Representation.extend",
    "torch.Tensor.__setstate__",
    "torch.distributed._shard.sharded_tensor.api.ShardedTensor.__del__",
    "torch.distributed._shard.sharded_tensor.api.ShardedTensor.__setstate__",
    "torch.distributed.device_mesh.DeviceMesh.__hash__",
    "torch.distributed.device_mesh.DeviceMesh.__setstate__",
    "torch.distributed.fsdp.fully_sharded_data_parallel.FullyShardedDataParallel.__getattr__",
    "torch.distributed.tensor._dtensor_spec.DTensorSpec.__setattr__",
    "torch.masked.maskedtensor.core.MaskedTensor.__new__",
    "torchao.quantization.Float8Tensor.__setstate__",
    "torchao.quantization.Int4PlainInt32Tensor.__setstate__",
    "torchao.quantization.Int8Tensor.__setstate__",
    "torchao.quantization.IntxUnpackedToInt8Tensor.__setstate__",
    "torchvision.tv_tensors._image.Image.__new__",
    "torchvision.tv_tensors._mask.Mask.__new__",
    "transformers.tokenization_utils_base.PreTrainedTokenizerBase.__getattr__",
    "transformers.utils.generic.ModelOutput.__setattr__",
    "transformers.utils.generic.ModelOutput.__setitem__",
)
"""What was read by a person and does nothing but set attributes or compute numbers."""


def main() -> None:
    """Write the tables that are asked for, or all whose library is at hand."""
    warnings.simplefilter("ignore")
    for pack in sys.argv[1:] or PACKS:
        distribution, packages, only = PACKS[pack]
        try:
            release = version(distribution)
            found = {kind for package in packages for kind in _classes(package, only)}
        except ImportError as e:
            sys.stderr.write(f"{pack}: not at hand: {e}\n")
            continue
        _write(pack, f"{distribution} {release}", found, _makers(packages, only))


def _classes(package: str, only: tuple[str, ...]) -> set[type]:
    try:
        top = importlib.import_module(package)
    except Exception:  # noqa: BLE001 - a library that does not work here has no classes here
        return set()
    found = set()
    for module in [top, *_modules(top, only)]:
        if only and not re.match("|".join(only), module.__name__):
            continue
        for kind in list(vars(module).values()):
            if (
                inspect.isclass(kind)
                and kind.__module__ == module.__name__
                and not LEFT_OUT.search(f"{kind.__module__}.{kind.__qualname__}")
            ):
                found.update(
                    {kind, *(v for v in vars(kind).values() if inspect.isclass(v) and v.__qualname__.startswith(f"{kind.__qualname__}."))}
                )
    return {k for k in found if "<locals>" not in k.__qualname__ and not issubclass(k, BaseException)}


def _makers(packages: tuple[str, ...], only: tuple[str, ...]) -> set[str]:
    """What Cython writes to make objects of its classes: each makes one of the class that it is handed, and fills it."""
    modules = [m for n, m in list(sys.modules.items()) if n.partition(".")[0] in packages and (not only or re.match("|".join(only), n))]
    return {f"{m.__name__}.{n}" for m in modules for n in vars(m) if n.startswith("__pyx_unpickle_") and n != "__pyx_unpickle_Enum"}


def _modules(top, only: tuple[str, ...]):  # noqa: ANN001, ANN202 - a script
    for info in pkgutil.walk_packages(getattr(top, "__path__", []), f"{top.__name__}.", onerror=lambda _: None):
        if LEFT_OUT.search(info.name) or (only and not re.match("|".join(only), info.name)):
            continue
        with contextlib.suppress(BaseException):
            yield importlib.import_module(info.name)
    yield from [m for n, m in list(sys.modules.items()) if n.startswith(f"{top.__name__}.") and not LEFT_OUT.search(n)]


def objections(kind: type) -> list[str]:
    """What unpickling would call of a class that may do more than hold values."""
    found = []
    for name in ("_missing_",) if issubclass(kind, enum.Enum) else CALLED:
        home = next((k for k in kind.__mro__ if name in vars(k)), None)
        if home is None or home.__module__.startswith(TRUSTED):
            continue
        try:
            source = inspect.getsource(vars(home)[name])
        except (TypeError, OSError):
            continue
        words = sorted(set(EFFECT.findall(re.sub(r'"""(?s:.)*?"""', "", source))))
        if words and not f"{home.__module__}.{home.__qualname__}.{name}".startswith(REVIEWED) and "def _dataclass_setstate" not in source:
            found.append(f"{home.__module__}.{home.__qualname__}.{name}: {' '.join(words)}")
    return found


def _write(pack: str, release: str, found: set[type], makers: set[str]) -> None:
    path = NAMES / f"{pack}.toml"
    plain, members = set(), set()
    left: dict[str, list[str]] = {}
    for kind in found:
        full = f"{kind.__module__}.{kind.__qualname__}"
        against = objections(kind)
        for objection in against:
            left.setdefault(objection, []).append(full)
        if not against:
            (members if issubclass(kind, enum.Enum) else plain).add(full)
    known = path.read_text().split("'''") if path.exists() else []
    plain |= set(known[1].split()) if known else set()
    members |= set(re.findall(r'^"(\S+)" = "type"$', known[2], re.MULTILINE)) if known else set()
    more = [line for line in known[2].splitlines() if line.startswith('"') and not line.endswith('= "type"')] if known else []
    for objection, names in left.items():
        print(f"  {objection}\n      {len(names)}: {' '.join(sorted(names)[:4])}")
    releases = sorted({release, *(re.findall(r"[\w-]+ [\d.]+[\w.+]*(?=[,:])", known[0]) if known else [])})
    text = f'source = "{", ".join(releases)}: classes that bench/pickle_packs.py finds no effect in"\nchecked = "{datetime.now(UTC):%Y-%m-%d}"\nrule = "new"\n'
    text += "types = '''\n" + "\n".join(sorted(plain)) + "\n'''\n"
    rows = sorted({*(f'"{name}" = "type"' for name in members), *(f'"{name}" = "first-is-known"' for name in makers), *more})
    path.write_text(text + ("\n[rules]\n" + "\n".join(rows) + "\n" if rows else ""))
    print(pack, release, len(plain), "classes", len(members), "enumerations", sum(map(len, left.values())), "left out")


if __name__ == "__main__":
    main()

"""THE TABLE of the words around an exercise: what a sheet says by itself, in the language of the
exercise's text.

words("de").key        Lösung
words("pt-BR").key     Key: a language that is not in the table has English words

`{}` is where a formula or a number goes.
"""

from __future__ import annotations

from collections.abc import Mapping

from gradcalc.language.fast_dataclasses import dataclass, field

RIGHT_TO_LEFT = frozenset(
    ("ar", "arc", "ckb", "dv", "fa", "he", "ku", "ps", "sd", "ug", "ur", "yi")
)


@dataclass(frozen=True, slots=True)
class Words:
    """The words of a sheet's frame in one language; {} stands for a number or a name."""

    babel: str  # what the babel package calls the language; "" for those that it need not know
    exercise: str
    key: str
    name: str
    form: str
    point: str
    points: str
    question: str
    score: str
    total: str
    author: str
    source: str
    consider: str
    given: str
    drawn: str
    sizes: str
    shapes: str
    columns: str
    upstream: str
    layouts: Mapping[str, str]
    shape_of: str
    value_of: str
    local_of: str
    where: str
    stacked: str
    same: str
    short: str
    values: str
    with_upstream: str
    declared: str
    failed: str
    why: str
    above: str
    above_shape: str
    below: str
    leaf: str
    parameter: str
    graph: str
    head: tuple[str, ...]
    assume: Mapping[str, str] = field(default_factory=dict)


EN = Words(
    babel="",
    exercise="Exercise",
    key="Key",
    name="Name",
    form="Form",
    point="1 point",
    points="{} points",
    question="Question",
    score="Score",
    total="Total",
    author="Author",
    source="Source",
    consider="Consider",
    given="Given:",
    drawn="Given:",
    sizes="Sizes:",
    shapes="Shapes:",
    columns="column {} is {}",
    upstream="Upstream gradient:",
    layouts={
        "gradient": "Layout: the gradient of a scalar has the shape of the variable; all other "
        "derivatives are full "
        "Jacobians, output axes first.",
        "jacobian": "Layout: numerator layout, output axes first; the derivative of a scalar by "
        "a column is a row.",
        "denominator": "Layout: denominator layout, axes of the variable first.",
    },
    shape_of="The shape of {}",
    value_of="The value of {}",
    local_of="The local derivative {}",
    where="where",
    stacked="Stacked over the examples:",
    same="It is identical for all examples.",
    short="In short:",
    values="At the given values:",
    with_upstream="With the upstream gradient:",
    declared="{} is declared as {}.",
    failed="This answer failed its check and is not shown.",
    why="Why:",
    above="above the wire: value",
    above_shape="above the wire: shape",
    below="below: gradient of {}",
    leaf="input",
    parameter="parameter",
    graph="Computational graph of {}.",
    head=("no.", "node", "from", "value", "gradient"),
    assume={
        "symmetric": "symmetric",
        "diagonal": "diagonal",
        "orthogonal": "orthogonal",
        "positive": "positive",
        "nonnegative": "nonnegative",
        "onehot": "one-hot",
        "binary": "binary",
        "constant": "constant",
        "lower": "lower triangular",
        "skew": "skew-symmetric",
        "free": "its free parameters are varied",
    },
)

DE = Words(
    babel="ngerman",
    exercise="Aufgabe",
    key="Lösung",
    name="Name",
    form="Variante",
    point="1 Punkt",
    points="{} Punkte",
    question="Frage",
    score="Punkte",
    total="Summe",
    author="Von",
    source="Quelle",
    consider="Betrachten Sie",
    given="Gegeben:",
    drawn="Gegeben:",
    sizes="Größen:",
    shapes="Formen:",
    columns="Spalte {} ist {}",
    upstream="Eingehender Gradient:",
    layouts={
        "gradient": "Anordnung: Der Gradient eines Skalars hat die Form der Variablen; alle "
        "anderen Ableitungen sind "
        "volle Jacobi-Matrizen, die Achsen der Ausgabe zuerst.",
        "jacobian": "Anordnung: Zählerlayout, die Achsen der Ausgabe zuerst; die Ableitung eines "
        "Skalars nach einer "
        "Spalte ist eine Zeile.",
        "denominator": "Anordnung: Nennerlayout, die Achsen der Variablen zuerst.",
    },
    shape_of="Die Form von {}",
    value_of="Der Wert von {}",
    local_of="Die lokale Ableitung {}",
    where="mit",
    stacked="Über die Beispiele gestapelt:",
    same="Sie ist für alle Beispiele gleich.",
    short="Kurz:",
    values="An den gegebenen Werten:",
    with_upstream="Mit dem eingehenden Gradienten:",
    declared="{} hat die Form {}.",
    failed="Diese Antwort hat die Prüfung nicht bestanden und wird nicht gezeigt.",
    why="Begründung:",
    above="über der Leitung: Wert",
    above_shape="über der Leitung: Form",
    below="darunter: Gradient von {}",
    leaf="Eingabe",
    parameter="Parameter",
    graph="Berechnungsgraph von {}.",
    head=("Nr.", "Knoten", "aus", "Wert", "Gradient"),
    assume={
        "symmetric": "symmetrisch",
        "diagonal": "diagonal",
        "orthogonal": "orthogonal",
        "positive": "positiv",
        "nonnegative": "nicht negativ",
        "onehot": "one-hot",
        "binary": "binär",
        "constant": "konstant",
        "lower": "untere Dreiecksmatrix",
        "skew": "schiefsymmetrisch",
        "free": "die freien Parameter werden variiert",
    },
)

FR = Words(
    babel="french",
    exercise="Exercice",
    key="Corrigé",
    name="Nom",
    form="Version",
    point="1 point",
    points="{} points",
    question="Question",
    score="Note",
    total="Total",
    author="Auteur",
    source="Source",
    consider="On considère",
    given="Données :",
    drawn="Données :",
    sizes="Tailles :",
    shapes="Formes :",
    columns="la colonne {} est {}",
    upstream="Gradient amont :",
    layouts={
        "gradient": "Disposition : le gradient d'un scalaire a la forme de la variable ; toute "
        "autre dérivée est une "
        "jacobienne complète, axes de la sortie d'abord.",
        "jacobian": "Disposition : numérateur, axes de la sortie d'abord ; la dérivée d'un "
        "scalaire par une colonne est "
        "une ligne.",
        "denominator": "Disposition : dénominateur, axes de la variable d'abord.",
    },
    shape_of="La forme de {}",
    value_of="La valeur de {}",
    local_of="La dérivée locale {}",
    where="où",
    stacked="Empilé sur les exemples :",
    same="La même pour tous les exemples.",
    short="En bref :",
    values="Aux valeurs données :",
    with_upstream="Avec le gradient amont :",
    declared="{} est de forme {}.",
    failed="Cette réponse n'a pas passé la vérification et n'est pas montrée.",
    why="Pourquoi :",
    above="au-dessus du fil : valeur",
    above_shape="au-dessus du fil : forme",
    below="au-dessous : gradient de {}",
    leaf="entrée",
    parameter="paramètre",
    graph="Graphe de calcul de {}.",
    head=("nº", "nœud", "depuis", "valeur", "gradient"),
    assume={
        "symmetric": "symétrique",
        "diagonal": "diagonale",
        "orthogonal": "orthogonale",
        "positive": "positif",
        "nonnegative": "positif ou nul",
        "onehot": "one-hot",
        "binary": "binaire",
        "constant": "constant",
        "lower": "triangulaire inférieure",
        "skew": "antisymétrique",
        "free": "ses paramètres libres varient",
    },
)

ES = Words(
    babel="spanish",
    exercise="Ejercicio",
    key="Solución",
    name="Nombre",
    form="Versión",
    point="1 punto",
    points="{} puntos",
    question="Pregunta",
    score="Puntos",
    total="Total",
    author="Autor",
    source="Fuente",
    consider="Considere",
    given="Datos:",
    drawn="Datos:",
    sizes="Tamaños:",
    shapes="Formas:",
    columns="la columna {} es {}",
    upstream="Gradiente entrante:",
    layouts={
        "gradient": "Disposición: el gradiente de un escalar tiene la forma de la variable; "
        "cualquier otra derivada es "
        "la jacobiana completa, con los ejes de la salida primero.",
        "jacobian": "Disposición: numerador, con los ejes de la salida primero; la derivada de "
        "un escalar por una "
        "columna es una fila.",
        "denominator": "Disposición: denominador, con los ejes de la variable primero.",
    },
    shape_of="La forma de {}",
    value_of="El valor de {}",
    local_of="La derivada local {}",
    where="donde",
    stacked="Apilado sobre los ejemplos:",
    same="Es la misma para todos los ejemplos.",
    short="En breve:",
    values="En los valores dados:",
    with_upstream="Con el gradiente entrante:",
    declared="{} tiene la forma {}.",
    failed="Esta respuesta no pasó la comprobación y no se muestra.",
    why="Por qué:",
    above="sobre el cable: valor",
    above_shape="sobre el cable: forma",
    below="debajo: gradiente de {}",
    leaf="entrada",
    parameter="parámetro",
    graph="Grafo de cálculo de {}.",
    head=("n.º", "nodo", "desde", "valor", "gradiente"),
    assume={
        "symmetric": "simétrica",
        "diagonal": "diagonal",
        "orthogonal": "ortogonal",
        "positive": "positivo",
        "nonnegative": "no negativo",
        "onehot": "one-hot",
        "binary": "binario",
        "constant": "constante",
        "lower": "triangular inferior",
        "skew": "antisimétrica",
        "free": "se varían sus parámetros libres",
    },
)

ZH = Words(
    babel="chinese-simplified",
    exercise="习题",
    key="答案",
    name="姓名",
    form="卷别",
    point="1 分",
    points="{} 分",
    question="题号",
    score="得分",
    total="总分",
    author="作者",
    source="来源",
    consider="考虑",
    given="已知：",
    drawn="已知：",
    sizes="大小：",
    shapes="形状：",
    columns="第 {} 列是 {}",
    upstream="上游梯度：",
    layouts={
        "gradient": "布局：标量的梯度与变量同形；其他导数为完整的雅可比矩阵，输出的轴在前。",
        "jacobian": "布局：分子布局，输出的轴在前；标量对列向量的导数是行向量。",
        "denominator": "布局：分母布局，变量的轴在前。",
    },
    shape_of="{} 的形状",
    value_of="{} 的值",
    local_of="局部导数 {}",
    where="其中",
    stacked="对所有样本排列：",
    same="对所有样本都相同。",
    short="简写：",
    values="代入已知值：",
    with_upstream="乘以上游梯度：",
    declared="{} 的形状是 {}。",
    failed="此答案未通过检验，因此不显示。",
    why="理由：",
    above="线上：值",
    above_shape="线上：形状",
    below="线下：{} 的梯度",
    leaf="输入",
    parameter="参数",
    graph="{} 的计算图。",
    head=("序号", "节点", "来自", "值", "梯度"),
    assume={
        "symmetric": "对称",
        "diagonal": "对角",
        "orthogonal": "正交",
        "positive": "正",
        "nonnegative": "非负",
        "onehot": "独热",
        "binary": "二值",
        "constant": "常数",
        "lower": "下三角",
        "skew": "反对称",
        "free": "对其自由参数求导",
    },
)

WORDS: Mapping[str, Words] = {"en": EN, "de": DE, "fr": FR, "es": ES, "zh": ZH}


def words(lang: str) -> Words:
    """The words of a language; English where the table has none."""
    return WORDS.get(lang.partition("-")[0].lower(), EN)


def direction(lang: str) -> str:
    """Writing direction of a language: ltr or rtl."""
    return "rtl" if lang.partition("-")[0].lower() in RIGHT_TO_LEFT else "ltr"

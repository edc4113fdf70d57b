"""A graph of ONNX nodes, and values in it that are computed with as arrays are."""

import math

import numpy as np

from sk_psd._extras import import_extra

__all__ = ["Graph", "Value", "average_samples", "concatenate", "stack_samples", "where"]


class Graph:
    """A list of ONNX nodes with their constants.

    Parameters
    ----------
    outer : Graph, default=None
        The graph around the body of a loop. The body shares its constants and names.

    Attributes
    ----------
    nodes : list of onnx.NodeProto

    constants : list of onnx.TensorProto

    checks : list of Value of shape (1,)
        0 for each sample whose values are finite, NaN for others.
    """

    def __init__(self, outer=None):
        self._helper = import_extra("onnx.helper", "onnx", "to_onnx")
        self._numpy_helper = import_extra("onnx.numpy_helper", "onnx", "to_onnx")
        self.nodes, self.checks = [], []
        self.constants = [] if outer is None else outer.constants
        self._known = {} if outer is None else outer._known
        self._counts = {} if outer is None else outer._counts

    def _new_name(self, kind):
        number = self._counts.get(kind, 0)
        self._counts[kind] = number + 1
        return f"{kind}_{number}"

    def constant(self, array):
        """Return the name of a constant. Equal constants are stored once.

        Parameters
        ----------
        array : ndarray
            Numbers, booleans or an object array of strings.

        Returns
        -------
        name : str
        """
        array = np.asarray(array)
        is_text = array.dtype == object
        content = tuple(array.ravel()) if is_text else array.tobytes()
        key = array.dtype.str, array.shape, content
        if key not in self._known:
            self._known[key] = self._new_name("constant")
            tensor = self._numpy_helper.from_array(array, self._known[key])
            self.constants.append(tensor)
        return self._known[key]

    def add(self, kind, *inputs, **attributes):
        """Add a node and return the name of its first result.

        Parameters
        ----------
        kind : str
            The ONNX operator.

        *inputs : str
            Names of values. An empty one leaves an optional input out.

        **attributes
            Attributes of the node.

        Returns
        -------
        name : str
        """
        name = self._new_name(kind)
        # The first result of TopK is sorted values, the second one their places.
        outputs = [name] if kind != "TopK" else [name, f"{name}_places"]
        node = self._helper.make_node(kind, list(inputs), outputs, name, **attributes)
        self.nodes.append(node)
        return name

    def check_finite(self, value):
        """Add a check that NaN or infinity in a sample makes NaN."""
        zeros = value.reshape(math.prod(value.shape)) * 0
        self.checks.append(zeros.reduce("Sum").cast(np.float64))

    def rename(self, value, name):
        """Return a value under a name of its own, for outputs of the graph."""
        node = self._helper.make_node("Identity", [value.name], [name], name)
        self.nodes.append(node)
        return Value(self, name, value.dtype, value.shape)

    def input(self, name, shape, dtype=np.float32):
        """Return the input of the graph, of shape (n_samples, *shape)."""
        return Value(self, name, dtype, shape)

    def describe(self, value, name=None, batch="n_samples"):
        """Return the name, type and shape of an input or output, as ONNX wants them.

        Parameters
        ----------
        value : Value

        name : str, default=None
            None is the name of the value.

        batch : str, default="n_samples"
            Name of the first axis.

        Returns
        -------
        info : onnx.ValueInfoProto
        """
        kind = self.type_number(value.dtype)
        shape = [batch, *value.shape]
        return self._helper.make_tensor_value_info(name or value.name, kind, shape)

    def type_number(self, dtype):
        """Return the number that ONNX has for a dtype."""
        return self._helper.np_dtype_to_tensor_dtype(np.dtype(dtype))

    def loop(self, n_steps, start, step):
        """Change a mask of booleans in steps, as long as the step asks for more.

        Parameters
        ----------
        n_steps : int
            Largest number of steps.

        start : Value
            Mask of shape (n_samples, n).

        step : callable
            ``step(mask, number)`` gets Values, the second one the number of the step
            as an array of one int. It returns the mask after the step.

        Returns
        -------
        mask : Value
            The mask once each row has one True at most, or after `n_steps` steps.
        """
        helper, body = self._helper, Graph(self)
        number, go_on = (body._new_name(name) for name in ("step", "go_on"))
        before = Value(body, body._new_name("mask"), bool, start.shape)
        after = step(before, Value(body, number, np.int64, ()))
        again = body.add("Identity", _has_ties(after))
        inputs = [
            helper.make_tensor_value_info(number, self.type_number(np.int64), []),
            helper.make_tensor_value_info(go_on, self.type_number(bool), []),
            body.describe(before),
        ]
        outputs = [
            helper.make_tensor_value_info(again, self.type_number(bool), []),
            body.describe(after),
        ]
        graph = helper.make_graph(body.nodes, self._new_name("body"), inputs, outputs)
        limit, more = self.constant(np.array(n_steps)), _has_ties(start)
        name = self.add("Loop", limit, more, start.name, body=graph)
        return Value(self, name, bool, start.shape)


def _has_ties(mask):
    """Return the name of one boolean: whether a row of a mask has several True."""
    graph = mask.graph
    count = mask.cast(np.int64).reduce("Sum")
    highest = graph.add("ReduceMax", count.name, keepdims=0)  # over all axes
    return graph.add("Greater", highest, graph.constant(np.array(1)))


class Value:
    """A value in a graph, whose first axis are the samples.

    The operators of Python add nodes to the graph. Numbers and arrays in them become
    constants of the dtype of the value. All axes are counted from the last one, as -1.

    Parameters
    ----------
    graph : Graph

    name : str

    dtype : dtype

    shape : tuple of int
        Without the axis of the samples.
    """

    def __init__(self, graph, name, dtype, shape):
        self.graph, self.name = graph, name
        self.dtype, self.shape = np.dtype(dtype), tuple(shape)

    def _like(self, name, shape=None, dtype=None):
        shape = self.shape if shape is None else shape
        return Value(self.graph, name, self.dtype if dtype is None else dtype, shape)

    def within(self, graph):
        """Return the same value, for nodes in the body of a loop."""
        return Value(graph, self.name, self.dtype, self.shape)

    def _combine(self, kind, other, *, first=True, dtype=None):
        if isinstance(other, Value):
            name, shape = other.name, other.shape
        else:
            other = np.asarray(other, self.dtype)
            name, shape = self.graph.constant(other), other.shape
        names = (self.name, name) if first else (name, self.name)
        shape = np.broadcast_shapes(self.shape, shape)
        return self._like(self.graph.add(kind, *names), shape, dtype)

    def __add__(self, other):
        return self._combine("Add", other)

    def __sub__(self, other):
        return self._combine("Sub", other)

    def __mul__(self, other):
        return self._combine("Mul", other)

    def __truediv__(self, other):
        return self._combine("Div", other)

    def __mod__(self, other):
        return self._combine("Mod", other)

    def __and__(self, other):
        return self._combine("And", other)

    def __or__(self, other):
        return self._combine("Or", other)

    def power(self, exponent):
        """Return the value to the power of an exponent."""
        return self._combine("Pow", exponent)

    def equals(self, other):
        """Return where two values are equal, as booleans."""
        return self._combine("Equal", other, dtype=bool)

    def exceeds(self, other):
        """Return where the value is greater than another one, as booleans."""
        return self._combine("Greater", other, dtype=bool)

    def clip(self, low=None, high=None):
        """Return the value with each number raised to `low` and lowered to `high`."""
        value = self if low is None else self._combine("Max", low)
        return value if high is None else value._combine("Min", high)

    def map(self, kind):
        """Return the result of an operator such as "Exp" for each number."""
        return self._like(self.graph.add(kind, self.name))

    def log10(self):
        """Return the decimal logarithm."""
        return self.map("Log") * (1 / math.log(10))

    def exp10(self):
        """Return 10 to the power of the value."""
        return (self * math.log(10)).map("Exp")

    def cast(self, dtype):
        """Return the value in another dtype."""
        dtype = np.dtype(dtype)
        if dtype == self.dtype:
            return self
        number = self.graph.type_number(dtype)
        name = self.graph.add("Cast", self.name, to=number)
        return self._like(name, dtype=dtype)

    def reduce(self, kind, axes=(-1,)):
        """Return the "Max", "Min", "Mean" or "Sum" over axes, which keep length 1."""
        if kind == "Sum":  # the axes are an input of this operator, unlike the others
            places = self.graph.constant(np.array(axes))
            name = self.graph.add("ReduceSum", self.name, places, keepdims=1)
        else:
            name = self.graph.add(f"Reduce{kind}", self.name, axes=axes, keepdims=1)
        shape = list(self.shape)
        for axis in axes:
            shape[axis] = 1
        return self._like(name, shape)

    def cut(self, start, stop, step=1, axis=-1):
        """Return the slice ``start:stop:step`` along an axis, from 0 on."""
        length = len(range(*slice(start, stop, step).indices(self.shape[axis])))
        if length == self.shape[axis]:
            return self
        bounds = (np.array([number]) for number in (start, stop, axis, step))
        name = self.graph.add("Slice", self.name, *map(self.graph.constant, bounds))
        shape = list(self.shape)
        shape[axis] = length
        return self._like(name, shape)

    def pick(self, places, axis=-1):
        """Return the values at some places along an axis, as `numpy.take` does."""
        places = np.asarray(places, np.int64)
        index = self.graph.constant(places)
        name = self.graph.add("Gather", self.name, index, axis=axis)
        before = self.shape[: len(self.shape) + axis]
        after = self.shape[len(self.shape) + axis + 1 :]
        return self._like(name, (*before, *places.shape, *after))

    def cut_windows(self, length, step, n_windows):
        """Return windows along the axis -2, which becomes (n_windows, length)."""
        starts = self.graph.constant(step * np.arange(n_windows)[:, None])
        places = self.graph.constant(np.arange(length))
        # The sum of two small arrays, as all places would make the file large.
        index = self.graph.add("Add", starts, places)
        name = self.graph.add("Gather", self.name, index, axis=-2)
        shape = *self.shape[:-2], n_windows, length, self.shape[-1]
        return self._like(name, shape)

    def reshape(self, *shape):
        """Return the value in another shape, given without the axis of the samples."""
        if shape == self.shape:
            return self
        target = self.graph.constant(np.array((0, *shape)))  # 0 keeps the samples
        return self._like(self.graph.add("Reshape", self.name, target), shape)

    def swap_last_axes(self):
        """Return the value with its last two axes exchanged."""
        n = len(self.shape) + 1
        order = [*range(n - 2), n - 1, n - 2]
        shape = (*self.shape[:-2], self.shape[-1], self.shape[-2])
        return self._like(self.graph.add("Transpose", self.name, perm=order), shape)

    def roll(self, shift):
        """Return the value rolled along the last axis, as `numpy.roll` does."""
        n = self.shape[-1]
        shift = shift % n
        if shift == 0:
            return self
        return concatenate([self.cut(n - shift, n), self.cut(0, n - shift)])

    def smallest(self, n, axis=-1):
        """Return the n smallest values along an axis, in ascending order."""
        count = self.graph.constant(np.array([n]))
        options = dict(axis=axis, largest=0, sorted=1)
        name = self.graph.add("TopK", self.name, count, **options)
        shape = list(self.shape)
        shape[axis] = n
        return self._like(name, shape)

    def argmax(self):
        """Return the first place of the maximum along the last axis, of length 1."""
        name = self.graph.add("ArgMax", self.name, axis=-1, keepdims=1)
        return self._like(name, (*self.shape[:-1], 1), np.int64)

    def softmax(self):
        """Return the softmax over the last axis."""
        return self._like(self.graph.add("Softmax", self.name, axis=-1))

    def matmul(self, matrix):
        """Return the product with a matrix, over the last axis."""
        name = self.graph.constant(np.asarray(matrix, self.dtype))
        shape = (*self.shape[:-1], matrix.shape[1])
        return self._like(self.graph.add("MatMul", self.name, name), shape)


def concatenate(values, axis=-1):
    """Return values one after the other along an axis."""
    if len(values) == 1:
        return values[0]
    first = values[0]
    name = first.graph.add("Concat", *(value.name for value in values), axis=axis)
    shape = list(first.shape)
    shape[axis] = sum(value.shape[axis] for value in values)
    return Value(first.graph, name, first.dtype, shape)


def stack_samples(values):
    """Return the samples of all values as one longer batch."""
    if len(values) == 1:
        return values[0]
    first = values[0]
    name = first.graph.add("Concat", *(value.name for value in values), axis=0)
    return first._like(name)


def average_samples(value, n_parts):
    """Return the mean over the parts of a batch from :func:`stack_samples`."""
    if n_parts == 1:
        return value
    graph = value.graph
    shape = graph.constant(np.array([n_parts, -1, *value.shape]))
    parts = graph.add("Reshape", value.name, shape)
    return value._like(graph.add("ReduceMean", parts, axes=[0], keepdims=0))


def where(condition, value, other):
    """Return one value where a condition is true, and another one elsewhere.

    Parameters
    ----------
    condition : Value of bool

    value, other : Value or float
        One Value at least.

    Returns
    -------
    chosen : Value
    """
    like = value if isinstance(value, Value) else other
    names, shapes = [condition.name], [condition.shape]
    for item in (value, other):
        if isinstance(item, Value):
            names.append(item.name)
            shapes.append(item.shape)
        else:
            names.append(like.graph.constant(np.asarray(item, like.dtype)))
    name = condition.graph.add("Where", *names)
    shape = np.broadcast_shapes(*shapes)
    return Value(condition.graph, name, like.dtype, shape)

"""BART's network in TensorFlow (Keras), trained and evaluated on noise: mode f32 or bf16, with _xla compiled by XLA."""
import os

from common import SIZE, answer, job, median_seconds

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
task = job()
import tensorflow as tf  # noqa: E402  (after the variable that silences it)

tf.config.threading.set_intra_op_parallelism_threads(task["threads"])
tf.config.threading.set_inter_op_parallelism_threads(1)
if task["mode"].startswith("bf16"):
    tf.keras.mixed_precision.set_global_policy("mixed_bfloat16")
xla = task["mode"].endswith("_xla")
layers = tf.keras.layers


def block(channels, dropout):
    made = []
    for _ in range(2):
        made += [layers.Conv2D(channels, 3, padding="same"), layers.BatchNormalization(), layers.ReLU()]
    return made + [layers.MaxPool2D(2), layers.SpatialDropout2D(dropout)]


def head(units):
    return [layers.Dense(units, activation="relu"), layers.Dropout(0.5)]


model = tf.keras.Sequential([layers.Input((SIZE, SIZE, 3)), *block(32, 0.25), *block(64, 0.25), *block(128, 0.4),
                             *block(256, 0.4), layers.Flatten(), *head(512), *head(256),
                             layers.Dense(task["classes"], dtype="float32")])
x = tf.random.uniform((task["bs"], SIZE, SIZE, 3))
y = tf.random.uniform((task["bs"],), 0, task["classes"], dtype=tf.int32)
adam = tf.keras.optimizers.Adam(1e-3)
cross_entropy = tf.keras.losses.SparseCategoricalCrossentropy(from_logits=True)


@tf.function(jit_compile=xla)
def step(x, y):
    with tf.GradientTape() as tape:
        loss = cross_entropy(y, model(x, training=True))
    gradients = tape.gradient(loss, model.trainable_variables)
    adam.apply_gradients(zip(gradients, model.trainable_variables))
    return loss


@tf.function(jit_compile=xla)
def evaluate(x):
    return model(x, training=False)


rounds = task["rounds"]
answer(version=tf.__version__,
       training=task["bs"] / median_seconds(lambda: step(x, y).numpy(), rounds),
       inference=task["bs"] / median_seconds(lambda: evaluate(x).numpy(), rounds),
       single=median_seconds(lambda: evaluate(x[:1]).numpy(), 5 * rounds, warm_up=5))

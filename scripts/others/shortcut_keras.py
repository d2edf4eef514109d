"""The net of shortcut.net in Keras, with its mistake: a shortcut around a stride of 2."""
import keras
from keras import layers

image = keras.Input((32, 32, 3))
stem = layers.Conv2D(16, 3, padding="same", use_bias=False)(image)
body = layers.Conv2D(32, 3, strides=2, padding="same", use_bias=False)(stem)
body = layers.ReLU()(layers.BatchNormalization()(body))
body = layers.Add()([body, stem])
logits = layers.Dense(10)(layers.Flatten()(body))
keras.Model(image, logits)
